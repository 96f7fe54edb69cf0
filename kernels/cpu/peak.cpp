// SPDX-License-Identifier: Apache-2.0
// Runs the peak loops on all threads at once.
#include "kernels/cpu/peak.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <vector>

#include "kernels/cpu/dispatch.h"
#include "kernels/cpu/peak_table.h"

namespace lockstep::kernels::cpu {
namespace {

constexpr int64_t kReadFloats = int64_t{1} << 25;  // 128 MiB, well beyond any cache of one thread
constexpr int kRounds = 5;

double seconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// The best round of `amount` per second, all threads working at the same time.
double best_rate(base::ThreadPool& pool, double amount, const std::function<void(int)>& work) {
  double best = 0;
  for (int round = 0; round < kRounds; ++round) {
    const double t = seconds([&] { pool.parallel_for(pool.num_threads(), work); });
    best = std::max(best, amount * pool.num_threads() / t);
  }
  return best;
}

}  // namespace

MachinePeak measure_peak(base::ThreadPool& pool, Isa isa) {
  const auto& table = table_of(isa, scalar::peak_functions, avx2::peak_functions, avx512f::peak_functions, avx512bf16::peak_functions);
  const int64_t steps = isa == Isa::scalar ? 1 << 14 : 1 << 20;
  std::vector<float> results(static_cast<size_t>(pool.num_threads()));  // keeps the loops from being left out
  MachinePeak out;
  out.f32_flops = best_rate(pool, table.f32_per_step * static_cast<double>(steps),
                            [&](int t) { results[static_cast<size_t>(t)] += table.f32(steps); });
  out.bf16_flops = best_rate(pool, table.bf16_per_step * static_cast<double>(steps),
                             [&](int t) { results[static_cast<size_t>(t)] += table.bf16(steps); });
  std::vector<std::vector<float>> data(static_cast<size_t>(pool.num_threads()));
  pool.parallel_for(pool.num_threads(), [&](int t) { data[static_cast<size_t>(t)].assign(static_cast<size_t>(kReadFloats), 0.0f); });
  out.read_bytes = best_rate(pool, static_cast<double>(kReadFloats) * sizeof(float), [&](int t) {
    const auto i = static_cast<size_t>(t);
    results[i] += table.read(data[i].data(), kReadFloats);
  });
  return out;
}

}  // namespace lockstep::kernels::cpu
