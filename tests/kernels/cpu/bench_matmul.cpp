// SPDX-License-Identifier: Apache-2.0
// Measures the matrix products of one thread: GFLOP/s, and the share of the peak measured in the same process.
//   bench_matmul [ISA [TEXT]]    e.g. bench_matmul avx2 dW; without an ISA, all but scalar; with a TEXT, only lines with it
#include <time.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "kernels/cpu/dispatch.h"
#include "kernels/cpu/peak_table.h"
#include "tests/kernels/cpu/matmul_operands.h"

namespace lockstep::kernels::cpu::test {
namespace {

double cpu_seconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// Seconds of one call, the fastest of some rounds of about 2 ms. Of the thread's own time: other work on the machine
// shows only in caches and memory.
double seconds(const std::function<void()>& call) {
  const auto time = [&](int64_t count) {
    const double start = cpu_seconds();
    for (int64_t i = 0; i < count; ++i) call();
    return (cpu_seconds() - start) / static_cast<double>(count);
  };
  int64_t count = 1;
  double best = time(1);
  for (; best * static_cast<double>(count) < 2e-3; best = time(count)) count *= 2;
  for (int round = 0; round < 20; ++round) best = std::min(best, time(count));
  return best;
}

const PeakTable& peak_of(Isa isa) {
  return table_of(isa, scalar::peak_functions, avx2::peak_functions, avx512f::peak_functions,
                  avx512bf16::peak_functions);
}

struct Shape {
  int64_t m, n, k;
};

// The peak and the names that the lines of one instruction set and type share.
struct Machine {
  Isa isa;
  double peak;       // floating-point operations a second
  std::string only;  // print the lines that contain it
};

MatmulOutput output(std::vector<float>& c, int64_t stride) { return MatmulOutput::f32(c.data(), stride); }
MatmulOutput output(std::vector<uint16_t>& c, int64_t stride) { return MatmulOutput::bf16(c.data(), stride); }

template <class T>
class Bench {
 public:
  explicit Bench(const Machine& machine) : machine_(machine) {}

  void forward(Shape s) {  // y = x W^T, packed weights
    if (!begin("y = x W^T", s)) return;
    const std::vector<T> x = drawn<T>(numbers_, s.m * s.k), w = drawn<T>(numbers_, s.n * s.k);
    PackedMatrix<T> packed(s.n, s.k);
    packed.pack(row_major(w, s.n, s.k), 0, {}, machine_.isa);
    std::vector<T> y(static_cast<size_t>(s.m * s.n));
    const double t = seconds([&] { matmul(row_major(x, s.m, s.k), packed, output(y, s.n), machine_.isa); });
    end(s, t, s.m <= 6 ? bytes(s) : 0);
  }
  void forward_unpacked(Shape s) {  // y = x W^T as the learner computes it
    if (!begin("y = x W^T *", s)) return;
    const std::vector<T> x = drawn<T>(numbers_, s.m * s.k), w = drawn<T>(numbers_, s.n * s.k);
    std::vector<T> y(static_cast<size_t>(s.m * s.n));
    const auto call = [&] {
      matmul(row_major(x, s.m, s.k), transposed(row_major(w, s.n, s.k)), output(y, s.n), machine_.isa);
    };
    end(s, seconds(call));
  }
  void input_gradient(Shape s) {  // dX [M, N] = dY [M, K] W [K, N]
    if (!begin("dX = dY W", s)) return;
    const std::vector<T> dy = drawn<T>(numbers_, s.m * s.k), w = drawn<T>(numbers_, s.n * s.k);
    std::vector<T> dx(static_cast<size_t>(s.m * s.n));
    const auto call = [&] { matmul(row_major(dy, s.m, s.k), row_major(w, s.k, s.n), output(dx, s.n), machine_.isa); };
    end(s, seconds(call));
  }
  void weight_gradient(Shape s) {  // dW [M, N] += dY [K, M]^T X [K, N]
    if (!begin("dW += dY^T X", s)) return;
    const std::vector<T> dy = drawn<T>(numbers_, s.m * s.k), x = drawn<T>(numbers_, s.n * s.k);
    std::vector<float> dw(static_cast<size_t>(s.m * s.n));
    const MatmulOutput sums = MatmulOutput::sum_into(dw.data(), s.n);
    const auto call = [&] { matmul(transposed(row_major(dy, s.k, s.m)), row_major(x, s.k, s.n), sums, machine_.isa); };
    end(s, seconds(call));
  }
  void rounded_weight_gradient(Shape s) {  // dW [M, N] = dY [K, M]^T X [K, N] in the type of the weights
    if (!begin("dW = dY^T X", s)) return;
    const std::vector<T> dy = drawn<T>(numbers_, s.m * s.k), x = drawn<T>(numbers_, s.n * s.k);
    std::vector<T> dw(static_cast<size_t>(s.m * s.n));
    const auto call = [&] {
      matmul(transposed(row_major(dy, s.k, s.m)), row_major(x, s.k, s.n), output(dw, s.n), machine_.isa);
    };
    end(s, seconds(call));
  }
  void packing(Shape s) {
    if (!begin("pack W", s)) return;
    const std::vector<T> w = drawn<T>(numbers_, s.n * s.k);
    PackedMatrix<T> packed(s.n, s.k);
    end(s, seconds([&] { packed.pack(row_major(w, s.n, s.k), 0, {}, machine_.isa); }), bytes(s));
  }
  void quantizing(Shape s) {
    if (!begin("pack W to q8", s)) return;
    const std::vector<T> w = drawn<T>(numbers_, s.n * s.k);
    PackedQ8Matrix packed(s.n, s.k);
    end(s, seconds([&] { packed.pack(row_major(w, s.n, s.k), 0, {}, machine_.isa); }), bytes(s));
  }
  void dequantizing(Shape s) {
    if (!begin("unpack q8", s)) return;
    std::vector<T> w = drawn<T>(numbers_, s.n * s.k);
    PackedQ8Matrix packed(s.n, s.k);
    packed.pack(row_major(w, s.n, s.k));
    end(s, seconds([&] { packed.unpack(w.data(), s.k, 0, {}, machine_.isa); }), bytes(s));
  }

 private:
  static int64_t bytes(Shape s) { return s.n * s.k * static_cast<int64_t>(sizeof(T)); }
  bool begin(const char* what, Shape s) {
    char line[80];
    std::snprintf(line, sizeof line, "  %-12s %5d x %5d x %5d", what, static_cast<int>(s.m), static_cast<int>(s.n),
                  static_cast<int>(s.k));
    if (std::string(line).find(machine_.only) == std::string::npos) return false;
    std::printf("%s", line);
    return true;
  }
  void end(Shape s, double t, int64_t weight_bytes = 0) {
    std::printf("  %9.1f us", t * 1e6);
    const double flops = 2.0 * static_cast<double>(s.m * s.n * s.k) / t;
    if (flops > 0) std::printf("  %6.1f GFLOP/s  %3.0f %% of peak", flops * 1e-9, 100 * flops / machine_.peak);
    if (weight_bytes) std::printf("  %5.1f GB/s of weights", static_cast<double>(weight_bytes) / t * 1e-9);
    std::printf("\n");
  }

  Machine machine_;
  Numbers numbers_{1};
};

// Shapes of the quickstart's model (128 wide) and of SmolLM2-135M (576 wide).
constexpr Shape kForward[] = {{64, 576, 576},   {64, 1536, 576},  {64, 576, 1536}, {16, 576, 576}, {512, 1536, 576},
                              {16, 128, 128},   {16, 344, 128},   {16, 128, 344},  {64, 96, 64},   {64, 512, 128},
                              {1500, 512, 128}, {1500, 128, 96},  {6, 1536, 576},  {1, 576, 576},  {1, 32768, 576},
                              {1, 16384, 2048}, {2, 16384, 2048}, {4, 16384, 2048}};
constexpr Shape kInputGradient[] = {{64, 576, 576},   {64, 576, 1536}, {1500, 576, 576}, {1500, 128, 344},
                                    {1500, 344, 128}, {256, 128, 512}, {64, 96, 64}};
constexpr Shape kWeightGradient[] = {{576, 576, 1500}, {1536, 576, 512}, {128, 344, 1500}, {344, 128, 1500},
                                     {512, 128, 256},  {64, 96, 64},     {128, 128, 16}};

// M tokens of a micro-batch, N outputs, chains of K: the products of SmolLM2-135M and a part of its vocabulary.
constexpr Shape kLearner[] = {{1144, 960, 576}, {1144, 3072, 576}, {1144, 576, 1536}, {1024, 2048, 576}};

template <class T>
void bench_type(const Machine& machine, const char* type) {
  std::printf("%s %s, peak %.1f GFLOP/s; M x N x K\n", std::string(isa_name(machine.isa)).c_str(), type,
              machine.peak * 1e-9);
  Bench<T> bench(machine);
  for (const Shape s : kForward) bench.forward(s);
  for (const Shape s : kInputGradient) bench.input_gradient(s);
  for (const Shape s : kWeightGradient) bench.weight_gradient(s);
  for (const Shape s : kLearner) {
    bench.forward_unpacked(s);
    bench.input_gradient({s.m, s.k, s.n});
    bench.rounded_weight_gradient({s.n, s.k, s.m});
  }
  bench.packing({0, 576, 1536});
  bench.packing({0, 16384, 576});
  bench.quantizing({0, 576, 1536});
  bench.quantizing({0, 16384, 576});
  bench.dequantizing({0, 16384, 576});
}

// A product with Q8_0 weights beside the same one with weights of T, in turn: the fastest and the median of the rounds.
template <class T>
class Q8Bench {
 public:
  Q8Bench(const Machine& machine, const char* type) : machine_(machine), type_(type) {}

  // Hot: one matrix again and again. Cold: as many as no cache holds, one after the other.
  void compare(Shape s, bool is_hot) {
    constexpr int64_t kColdBytes = int64_t{160} << 20;  // of Q8_0
    char line[80];
    std::snprintf(line, sizeof line, "  q8 %5d x %5d x %5d %s", static_cast<int>(s.m), static_cast<int>(s.n),
                  static_cast<int>(s.k), is_hot ? "hot " : "cold");
    if (std::string(line).find(machine_.only) == std::string::npos) return;
    const int64_t count = is_hot ? 1 : (kColdBytes + s.n * s.k - 1) / (s.n * s.k);
    const std::vector<T> x = drawn<T>(numbers_, s.m * s.k), w = drawn<T>(numbers_, s.n * s.k);
    PackedMatrix<T> plain(s.n, s.k, count);
    PackedQ8Matrix q8(s.n, s.k, count);
    for (int64_t i = 0; i < count; ++i) plain.pack(row_major(w, s.n, s.k), i), q8.pack(row_major(w, s.n, s.k), i);
    std::vector<T> y(static_cast<size_t>(s.m * s.n));
    const auto times =
        rounds([&](int64_t i) { matmul(row_major(x, s.m, s.k), plain.at(i % count), output(y, s.n), machine_.isa); },
               [&](int64_t i) { matmul(row_major(x, s.m, s.k), q8.at(i % count), output(y, s.n), machine_.isa); }, s);
    std::printf("%s", line);
    print(type_, s, times[0], sizeof(T));
    print("q8", s, times[1], 1.0625);
    std::printf("  %4.2f, %4.2f times as fast\n", times[0].least / times[1].least, times[0].median / times[1].median);
  }

 private:
  struct Times {
    double least, median;
  };
  template <class A, class B>
  std::array<Times, 2> rounds(const A& a, const B& b, Shape s) {
    constexpr int64_t kRounds = 15;
    const int64_t calls = std::max<int64_t>(1, 20'000'000 / (s.n * s.k * std::max<int64_t>(1, s.m / 8)));
    std::vector<double> times[2];
    int64_t next[2] = {};
    for (int64_t round = 0; round < 2 * kRounds; ++round) {
      const size_t which = static_cast<size_t>(round % 2);
      const double start = cpu_seconds();
      for (int64_t i = 0; i < calls; ++i) which ? b(next[1]++) : a(next[0]++);
      times[which].push_back((cpu_seconds() - start) / static_cast<double>(calls));
    }
    for (std::vector<double>& t : times) std::sort(t.begin(), t.end());
    return {Times{times[0][0], times[0][kRounds / 2]}, Times{times[1][0], times[1][kRounds / 2]}};
  }
  void print(const char* what, Shape s, Times t, double bytes) {
    const double weights = static_cast<double>(s.n * s.k);
    std::printf("  %s %7.1f, %7.1f us", what, t.least * 1e6, t.median * 1e6);
    if (s.m <= 6) std::printf(" %5.1f GB/s", bytes * weights / t.least * 1e-9);
    if (s.m > 1) std::printf(" %5.1f GFLOP/s", 2.0 * static_cast<double>(s.m) * weights / t.least * 1e-9);
  }

  Machine machine_;
  const char* type_;
  Numbers numbers_{2};
};

constexpr Shape kQ8Shapes[] = {{1, 1536, 576}, {1, 576, 1536}, {1, 49152, 576}};

template <class T>
void bench_q8(const Machine& machine, const char* type) {
  std::printf("%s, Q8_0 weights beside %s ones; the least, the median\n", std::string(isa_name(machine.isa)).c_str(),
              type);
  Q8Bench<T> bench(machine, type);
  for (const bool is_hot : {true, false})
    for (const Shape s : kQ8Shapes) bench.compare(s, is_hot);
  for (const int64_t m : {2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 32, 64})
    for (const Shape s : {Shape{m, 1536, 576}, {m, 576, 1536}}) bench.compare(s, true);
  for (const int64_t m : {4, 8, 16, 64}) bench.compare({m, 1536, 576}, false);
}

double peak(float (*spin)(int64_t), double per_step) {
  volatile float sink = 0;
  return 100000 * per_step / seconds([&] { sink = sink + spin(100000); });
}

void print_memory(Isa isa) {
  const std::vector<float> memory(int64_t{1} << 26, 1.0f);  // 256 MiB: beyond any cache
  volatile float sink = 0;
  const double t = seconds([&] { sink = sink + peak_of(isa).read(memory.data(), std::ssize(memory)); });
  std::printf("memory is read at %.1f GB/s by one thread\n",
              static_cast<double>(memory.size() * sizeof(float)) / t * 1e-9);
}

int run(int argc, char** argv) {
  const Isa named = isa_of(argc > 1 ? argv[1] : "");
  const FloatMode mode;
  print_memory(named);
  for (const Isa isa : {Isa::scalar, Isa::avx2, Isa::avx512f, Isa::avx512bf16}) {
    if (isa > named || (argc > 1 ? isa != named : isa == Isa::scalar)) continue;
    const PeakTable& peaks = peak_of(isa);
    const std::string only = argc > 2 ? argv[2] : "";
    const Machine f32{isa, peak(peaks.f32, peaks.f32_per_step), only};
    const Machine bf16{isa, peak(peaks.bf16, peaks.bf16_per_step), only};
    bench_type<float>(f32, "f32");
    bench_q8<float>(f32, "f32");
    bench_type<uint16_t>(bf16, "bf16");
    bench_q8<uint16_t>(bf16, "bf16");
  }
  return 0;
}

}  // namespace
}  // namespace lockstep::kernels::cpu::test

int main(int argc, char** argv) { return lockstep::kernels::cpu::test::run(argc, argv); }
