// SPDX-License-Identifier: Apache-2.0
// Measures attention on one thread: GFLOP/s, and the share of the multiply-add peak measured in the same process.
//   bench_attention [ISA [WORDS]]    e.g. bench_attention avx2 prefill: the cases whose names hold the words; without
//   arguments all cases on the best instruction set
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <functional>
#include <string>

#include "kernels/cpu/attention.h"
#include "kernels/cpu/dispatch.h"
#include "tests/kernels/cpu/attention_batch.h"
#include "kernels/cpu/peak_table.h"

namespace lockstep::kernels::cpu::test {
namespace {

// Processor seconds of one call, the fewest of several rounds of about 10 ms: other processes take none of them.
double seconds(const std::function<void()>& call) {
  const auto time = [&](int64_t count) {
    const std::clock_t start = std::clock();
    for (int64_t i = 0; i < count; ++i) call();
    return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC / static_cast<double>(count);
  };
  call();
  const auto count = static_cast<int64_t>(1 + 1e-2 / (time(1) + 1e-6));
  double best = time(count);
  for (int round = 0; round < 8; ++round) best = std::min(best, time(count));
  return best;
}

double peak_of(Isa isa) {
  const PeakTable& peak =
      table_of(isa, scalar::peak_functions, avx2::peak_functions, avx512f::peak_functions, avx512bf16::peak_functions);
  volatile float sink = 0;
  return 100000 * peak.f32_per_step / seconds([&] { sink = sink + peak.f32(100000); });
}

// Multiplications and additions of the scores and the weighted sums: two products forward, five backward.
double flops_of(const AttentionBatch& batch, bool is_backward) {
  double pairs = 0;
  for (const auto& span : batch.spans)
    for (int64_t i = 0; i < span.num_queries; ++i)
      pairs += static_cast<double>(batch.visible(span, i) * batch.shape.num_heads);
  const auto dk = static_cast<double>(batch.shape.key_dim), dv = static_cast<double>(batch.shape.value_dim);
  return pairs * 2 * (is_backward ? 3 * dk + 2 * dv : dk + dv);
}

double key_bytes(const AttentionBatch& batch) {
  const int64_t elements = batch.shape.key_dim + (batch.shape.values_in_keys ? 0 : batch.shape.value_dim);
  return static_cast<double>(batch.num_rows * batch.shape.num_key_heads * elements *
                             (batch.shape.dtype == Dtype::f32 ? 4 : 2));
}

class Bench {
 public:
  Bench(Isa isa, std::string words) : isa_(isa), words_(std::move(words)), peak_(peak_of(isa)) {
    std::printf("%s, peak %.1f GFLOP/s\n", std::string(isa_name(isa)).c_str(), peak_ * 1e-9);
  }

  void run(const char* name, AttentionShape shape, const std::vector<SpanSizes>& sizes, bool is_learner) {
    if (std::string(name).find(words_) == std::string::npos) return;
    for (const Dtype dtype : {Dtype::bf16, Dtype::f32}) {
      shape.dtype = dtype;
      shape.scale = 1 / std::sqrt(static_cast<float>(shape.key_dim));
      AttentionBatch batch(shape, sizes, 16, 0);
      HeadBuffer out(batch.num_queries, shape.num_heads, shape.value_dim, dtype, 0);
      std::vector<float> max(static_cast<size_t>(batch.num_queries * shape.num_heads)), sum(max.size());
      const auto plan = plan_attention(batch.spans, batch.group());
      const AttentionPart all = {0, static_cast<int64_t>(plan.panels.size()), 0, shape.num_key_heads};
      const AttentionForward io = {shape,
                                   batch.q.const_heads(),
                                   batch.keys.const_heads(),
                                   batch.values.const_heads(),
                                   out.heads(),
                                   max.data(),
                                   sum.data()};
      print(name, batch, false, seconds([&] { attention(io, plan, all, isa_); }));
      if (!is_learner) continue;
      HeadBuffer dq(batch.num_queries, shape.num_heads, shape.key_dim, dtype, 0);
      HeadBuffer dk(batch.num_rows, shape.num_key_heads, shape.key_dim, Dtype::f32, 0),
          dv(batch.num_rows, shape.num_key_heads, shape.value_dim, Dtype::f32, 0);
      const AttentionBackward grads = {
          shape,      io.q,       io.keys,    io.values,  out.const_heads(), batch.d_out.const_heads(),
          max.data(), sum.data(), dq.heads(), dk.heads(), dv.heads()};
      print(name, batch, true, seconds([&] { attention_backward(grads, plan, all, isa_); }));
    }
  }

 private:
  void print(const char* name, const AttentionBatch& batch, bool is_backward, double t) const {
    const double rate = flops_of(batch, is_backward) / t;
    std::printf("  %-34s %-4s %-8s %9.1f us  %6.1f GFLOP/s  %3.0f %% of peak  %5.1f GB/s of keys and values\n", name,
                batch.shape.dtype == Dtype::f32 ? "f32" : "bf16", is_backward ? "backward" : "forward", t * 1e6,
                rate * 1e-9, 100 * rate / peak_, key_bytes(batch) / t * 1e-9);
  }

  Isa isa_;
  std::string words_;
  double peak_;
};

std::vector<SpanSizes> samples(int64_t count, int64_t shared, int64_t own, int64_t num_queries) {
  std::vector<SpanSizes> sizes = {{num_queries, shared + own}};
  for (int64_t i = 1; i < count; ++i) sizes.push_back({num_queries, shared + own, shared});
  return sizes;
}

int run(int argc, char** argv) {
  Bench bench(isa_of(argc > 1 ? argv[1] : ""), argc > 2 ? argv[2] : "");
  const AttentionShape grouped = {9, 3, 64, 64, false}, latent = {16, 1, 576, 512, true}, tiny = {4, 1, 80, 64, true};
  bench.run("9/3 x 64, 8 samples of 512 + 128", grouped, samples(8, 512, 128, 1), false);
  bench.run("9/3 x 64, 64 decodes of 256", grouped, samples(64, 0, 256, 1), false);
  bench.run("9/3 x 64, 1 decode of 8192", grouped, {{1, 8192}}, false);
  bench.run("9/3 x 64, prefill of 512", grouped, {{512, 512}}, true);
  bench.run("9/3 x 64, learner 512 + 8 x 128", grouped, samples(8, 512, 128, 128), true);
  bench.run("MLA 16 x 576, 64 decodes of 256", latent, samples(64, 0, 256, 1), false);
  bench.run("MLA 16 x 576, prefill of 128", latent, {{128, 128}}, true);
  bench.run("MLA 4 x 80, learner 16 x 48", tiny, samples(16, 0, 48, 48), true);
  return 0;
}

}  // namespace
}  // namespace lockstep::kernels::cpu::test

int main(int argc, char** argv) { return lockstep::kernels::cpu::test::run(argc, argv); }
