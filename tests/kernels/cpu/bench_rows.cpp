// SPDX-License-Identifier: Apache-2.0
// Measures the row-wise kernels of one thread: nanoseconds per element, and bytes moved against memcpy on as many bytes.
//   bench_rows [ISA]    e.g. bench_rows avx2; without an argument, every instruction set but scalar
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <functional>
#include <string>

#include "base/text.h"
#include "kernels/cpu/adamw.h"
#include "kernels/cpu/combine.h"
#include "kernels/cpu/log_softmax.h"
#include "kernels/cpu/noise.h"
#include "kernels/cpu/rms_norm.h"
#include "kernels/cpu/rope.h"
#include "kernels/cpu/rope_angles.h"
#include "kernels/cpu/router.h"
#include "kernels/cpu/swiglu.h"
#include "tests/kernels/cpu/values.h"

namespace lockstep::kernels::cpu::test {
namespace {

// Seconds of one call, the fastest of several rounds of about 4 ms.
double seconds(const std::function<void()>& call) {
  using Clock = std::chrono::steady_clock;
  const auto time = [&](int64_t count) {
    const auto start = Clock::now();
    for (int64_t i = 0; i < count; ++i) call();
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  int64_t count = 1;
  double best = time(1);
  for (; best * static_cast<double>(count) < 4e-3; best = time(count) / static_cast<double>(count)) count *= 2;
  for (int round = 0; round < 8; ++round) best = std::min(best, time(count) / static_cast<double>(count));
  return best;
}

// Bytes read and written per second by a copy that reads and writes `bytes` in all.
double copy_rate(int64_t bytes) {
  const auto half = static_cast<size_t>(bytes / 2);
  std::vector<char> from(half, 1), to(half);
  return static_cast<double>(bytes) / seconds([&] {
           std::memcpy(to.data(), from.data(), half);
           __asm__ volatile("" : : "r"(to.data()) : "memory");
         });
}

void print(const std::string& what, double time, int64_t elements, int64_t bytes) {
  const double rate = static_cast<double>(bytes) / time;
  std::printf("  %-44s %7.3f ns/element %7.1f GB/s %5.0f %% of memcpy\n", what.c_str(),
              time * 1e9 / static_cast<double>(elements), rate * 1e-9, 100 * rate / copy_rate(bytes));
}

int64_t size_of(Dtype dtype) { return dtype == Dtype::f32 ? 4 : 2; }

void norms(Isa isa, int64_t rows, int64_t width, Dtype dtype) {
  const int64_t size = rows * width, bytes = size * size_of(dtype);
  const std::string shape = cat(" ", dtype_name(dtype), " [", rows, ", ", width, "]");
  Array x(dtype, normal_values(size, 1)), y = x, g = x;
  std::vector<float> weight(static_cast<size_t>(width), 1.0f), scales(static_cast<size_t>(rows)), dw = weight;
  const RmsNorm a{rows, width, 1e-6f, dtype, dtype, x.data(), width, weight.data(), y.data(), width, scales.data()};
  print("rms_norm" + shape, seconds([&] { rms_norm(a, isa); }), size, 2 * bytes);
  const ResidualAdd add{g.data(), x.data(), width, width};
  print("add_rms_norm" + shape, seconds([&] { add_rms_norm(add, a, isa); }), size, 4 * bytes);
  x = g;
  rms_norm(a, isa);
  const RmsNormInputGrad input{rows,     width, dtype, dtype, x.data(), g.data(),      nullptr,
                               y.data(), width, width, 0,     width,    weight.data(), scales.data()};
  print("rms_norm_input_grad" + shape, seconds([&] { rms_norm_input_grad(input, isa); }), size, 3 * bytes);
  const RmsNormWeightGrad grad{rows, width, dtype, dtype, x.data(), g.data(), width, width, scales.data(), dw.data()};
  print("rms_norm_weight_grad" + shape, seconds([&] { rms_norm_weight_grad(grad, isa); }), size, 2 * bytes);
}

void gates(Isa isa, int64_t rows, int64_t width, Dtype dtype) {
  const int64_t size = rows * width, bytes = size * size_of(dtype);
  const std::string shape = cat(" ", dtype_name(dtype), " [", rows, ", ", width, "]");
  Array gate_up(dtype, normal_values(2 * size, 1)), y(dtype, normal_values(size, 2)), d = gate_up;
  const Swiglu a{rows, width, dtype, gate_up.data(), 2 * width, y.data(), width};
  print("swiglu" + shape, seconds([&] { swiglu(a, isa); }), size, 3 * bytes);
  const SwigluGrad grad{rows, width, dtype, gate_up.data(), y.data(), d.data(), 2 * width, width, 2 * width};
  print("swiglu_grad" + shape, seconds([&] { swiglu_grad(grad, isa); }), size, 5 * bytes);
}

void rotations(Isa isa, int64_t rows, int64_t heads, int64_t width, Dtype dtype) {
  const int64_t size = rows * heads * width;
  Array x(dtype, normal_values(size, 1));
  std::vector<float> cos(static_cast<size_t>(rows * width / 2), 1.0f), sin(cos.size(), 0.0f);
  for (const RopePairs pairs : {RopePairs::half_split, RopePairs::interleaved}) {
    const Rope a{rows,  heads,    width,         pairs, dtype,      x.data(),  heads * width,
                 width, x.data(), heads * width, width, cos.data(), sin.data()};
    const char* layout = pairs == RopePairs::half_split ? "half_split " : "interleaved ";
    print(cat("rope ", layout, dtype_name(dtype), " [", rows, ", ", heads, ", ", width, "]"),
          seconds([&] { rope(a, isa); }), size, 2 * size * size_of(dtype));
  }
  std::vector<int64_t> positions(static_cast<size_t>(rows));
  std::vector<float> inverse(static_cast<size_t>(width / 2));
  for (size_t i = 0; i < positions.size(); ++i) positions[i] = static_cast<int64_t>(i);
  for (size_t i = 0; i < inverse.size(); ++i)
    inverse[i] = static_cast<float>(inverse_frequency(10000, 2.0 * static_cast<double>(i) / static_cast<double>(width)));
  const RopeAngles angles{rows, width / 2, positions.data(), inverse.data(), 1.0, cos.data(), sin.data()};
  print("rope_angles", seconds([&] { rope_angles(angles); }), rows * width / 2, rows * width * 4);
}

// `spread`: of the logits; 1 is a fresh model, 4 a trained one.
void vocabulary(Isa isa, int64_t rows, int64_t columns, double spread) {
  const int64_t size = rows * columns, bytes = 4 * size;
  const std::string shape = cat(" [", rows, ", ", columns, "] spread ", static_cast<int>(spread));
  const auto logits = normal_values(size, 1, spread);
  std::vector<SoftmaxSums> sums(static_cast<size_t>(rows));
  for (const float temperature : {1.0f, 0.7f}) {
    const LogitRows in{rows, columns, logits.data(), columns, temperature};
    print(cat("add_softmax_sums", shape, temperature == 1.0f ? "" : " T 0.7"), seconds([&] {
            sums.assign(sums.size(), SoftmaxSums());
            add_softmax_sums(in, sums.data(), isa);
          }),
          size, bytes);
  }
  std::vector<int64_t> targets(sums.size());
  std::vector<float> g(sums.size(), 1.0f), d(logits.size());
  const LogSoftmaxGrad grad{{rows, columns, logits.data(), columns, 1.0f},
                            0,
                            sums.data(),
                            targets.data(),
                            g.data(),
                            Dtype::f32,
                            d.data(),
                            columns};
  print("log_softmax_grad" + shape, seconds([&] { log_softmax_grad(grad, isa); }), size, 2 * bytes);
  int64_t position = 0;
  print("gumbel_argmax" + shape, seconds([&] {
          for (int64_t n = 0; n < rows; ++n) {
            BestEntry best;
            gumbel_argmax({logits.data() + n * columns, 0, columns, 1.0f}, {7, ++position}, best, isa);
          }
        }),
        size, bytes);
  std::vector<uint32_t> words(static_cast<size_t>(columns));
  print("noise_words" + shape, seconds([&] {
          noise_words({7, ++position}, 0, columns, words.data(), isa);
        }),
        columns, 4 * columns);
}

void experts(Isa isa, int64_t rows, int64_t num_experts, int64_t slots, int64_t width, Dtype dtype) {
  const RouterRules rules{RouterRules::Scoring::sigmoid,
                          RouterRules::GroupScore::sum_of_top2,
                          num_experts,
                          slots,
                          8,
                          4,
                          true,
                          1e-20f,
                          2.5f};
  const auto logits = normal_values(rows * num_experts, 1), bias = normal_values(num_experts, 2, 0.1);
  std::vector<float> scores(logits.size()), weights(static_cast<size_t>(rows * slots));
  std::vector<int64_t> chosen(weights.size()), places(weights.size());
  const RouterRows in{rows, logits.data(), num_experts, bias.data(), scores.data(), chosen.data(), weights.data()};
  print(cat("route [", rows, ", ", num_experts, "] top ", slots), seconds([&] { route(rules, in, isa); }),
        rows * num_experts, 8 * rows * num_experts);
  for (size_t i = 0; i < places.size(); ++i) places[i] = static_cast<int64_t>(i);
  const int64_t size = rows * width;
  Array y(dtype, normal_values(size * slots, 3)), out(dtype, normal_values(size, 4));
  const Combine a{rows,           slots,   width,      dtype, y.data(), places.data(),
                  weights.data(), nullptr, out.data(), width, 0,        width};
  print(cat("combine_slots ", dtype_name(dtype), " [", rows, ", ", slots, ", ", width, "]"),
        seconds([&] { combine_slots(a, isa); }), size * slots, (slots + 1) * size * size_of(dtype));
}

void optimizer(Isa isa, int64_t size) {
  auto theta = normal_values(size, 1), m = theta, v = theta, g = theta;
  for (float& x : v) x = std::abs(x);
  std::vector<uint16_t> bf16(theta.size());
  const AdamWSpan span{theta.data(), m.data(), v.data(), g.data(), bf16.data(), size};
  const auto c = adamw_coefficients({1e-4, 0.9, 0.95, 1e-8, 0.1, 1.0, 10});
  print(cat("adamw [", size, "]"), seconds([&] { adamw(span, c, isa); }), size, 30 * size);
}

void bench(Isa isa) {
  std::printf("%s\n", std::string(isa_name(isa)).c_str());
  for (const Dtype dtype : kDtypes)
    for (const int64_t rows : {64, 16'384}) {
      norms(isa, rows, 576, dtype);
      gates(isa, rows, 1536, dtype);
    }
  rotations(isa, 64, 9, 64, Dtype::bf16);
  vocabulary(isa, 8, 49'152, 1);
  vocabulary(isa, 8, 49'152, 4);
  experts(isa, 64, 256, 8, 512, Dtype::bf16);
  optimizer(isa, 1 << 22);
}

}  // namespace
}  // namespace lockstep::kernels::cpu::test

int main(int argc, char** argv) {
  using lockstep::kernels::cpu::Isa;
  if (argc > 1) {
    lockstep::kernels::cpu::test::bench(lockstep::kernels::cpu::isa_of(argv[1]));
    return 0;
  }
  for (const Isa isa : lockstep::kernels::cpu::test::all_isas())
    if (isa != Isa::scalar) lockstep::kernels::cpu::test::bench(isa);
  return 0;
}
