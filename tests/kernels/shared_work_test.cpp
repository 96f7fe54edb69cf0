// SPDX-License-Identifier: Apache-2.0
// Kernels shared out over a pool: values and gradients have the bits of one thread.
#include "kernels/shared_work.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <optional>
#include <vector>

#include "kernels/attention.h"
#include "kernels/experts.h"
#include "kernels/linear.h"
#include "kernels/rms_norm.h"
#include "kernels/swiglu.h"
#include "kernels/token_logprobs.h"

// Last: a LibTorch header defines a CHECK of its own, which aborts.
#include <doctest/doctest.h>

namespace lockstep::test {
namespace {

constexpr int64_t kRows = 1201, kWidth = 96, kOutputs = 257;  // enough work for several parts, and nothing divides evenly

Tensor random(at::IntArrayRef sizes, at::ScalarType dtype) { return (at::rand(sizes) - 0.5).to(dtype); }
Tensor leaf(at::IntArrayRef sizes, at::ScalarType dtype) { return random(sizes, dtype).set_requires_grad(true); }

// The values of `work` and the gradients of their sum with respect to the leaves.
std::vector<Tensor> results(const std::vector<Tensor>& leaves, const std::function<Tensor()>& work, base::ThreadPool* pool) {
  std::optional<kernels::SharedWork> shared;
  if (pool) shared.emplace(*pool);
  for (const auto& x : leaves) x.mutable_grad() = Tensor();
  const auto value = work();
  value.to(at::kFloat).sin().sum().backward();
  std::vector<Tensor> out = {value.detach()};
  for (const auto& x : leaves) out.push_back(x.grad());
  return out;
}

void check_same(const std::vector<Tensor>& leaves, const std::function<Tensor()>& work) {
  const auto alone = results(leaves, work, nullptr);
  for (const int num_threads : {2, 3, 5}) {
    base::ThreadPool pool(num_threads);
    const auto together = results(leaves, work, &pool);
    for (size_t i = 0; i < alone.size(); ++i) {
      REQUIRE(together[i].defined());
      CHECK(at::equal(together[i], alone[i]));
    }
  }
}

}  // namespace

TEST_CASE("shared work: parts cover the range once, and none is too small") {
  for (const int num_threads : {1, 2, 5}) {
    base::ThreadPool pool(num_threads);
    const kernels::SharedWork shared(pool);
    for (const int64_t count : {0, 1, 3, 100}) {
      std::atomic<int64_t> items = 0, parts = 0;
      kernels::SharedWork::for_parts(count, [&](int64_t begin, int64_t end) { items += end - begin, ++parts; });
      CHECK(items == count);
      CHECK(parts == std::max<int64_t>(1, std::min<int64_t>(num_threads, count)));
      parts = 0;
      kernels::SharedWork::for_parts(count, [&](int64_t, int64_t) { ++parts; }, /*products=*/1);
      CHECK(parts == 1);
    }
  }
}

TEST_CASE("shared work: products, norms, activations and log-probabilities, forward and backward") {
  for (const auto dtype : {at::kFloat, at::kBFloat16}) {
    const auto x = leaf({kRows, kWidth}, dtype), w = leaf({kOutputs, kWidth}, dtype), bias = leaf({kOutputs}, dtype);
    check_same({x, w, bias}, [&] { return kernels::linear(x, {w}, bias); });
    const auto norm = leaf({kWidth}, dtype), delta = leaf({kRows, kWidth}, dtype);
    check_same({x, norm}, [&] { return kernels::rms_norm(x, norm, 1e-6); });
    check_same({x, delta, norm}, [&] {
      const auto out = kernels::add_rms_norm(x, delta, norm, 1e-6);
      return out.sum + out.y;
    });
    check_same({x}, [&] { return kernels::swiglu(x); });
    const auto head = leaf({5000, kWidth}, dtype);
    const auto targets = at::arange(kRows);
    check_same({x, head}, [&] {
      const auto out = kernels::token_logprobs(x, head, targets, 0.7, /*with_entropy=*/true);
      return out.logprobs + out.entropy;
    });
  }
}

TEST_CASE("shared work: attention, forward and backward, also with values that lie in the keys") {
  for (const auto dtype : {at::kFloat, at::kBFloat16}) {
    kernels::AttentionSpan first{0, 100, {}}, second{100, 60, {}};
    for (int64_t row = 0; row < 160; ++row) (row < 100 ? first : second).key_rows.push_back(row);
    const auto plan = kernels::make_attention_plan({first, second}, at::kCPU);
    const auto q = leaf({160, 6, 16}, dtype), keys = leaf({160, 3, 16}, dtype), values = leaf({160, 3, 8}, dtype);
    check_same({q, keys, values}, [&] { return kernels::attention(q, keys, values, 8, plan, 0.3); });
    check_same({q, keys}, [&] { return kernels::attention(q, keys, {}, 8, plan, 0.3); });
  }
}

TEST_CASE("shared work: heads and routed experts, forward and backward") {
  for (const auto dtype : {at::kFloat, at::kBFloat16}) {
    const auto x = leaf({kRows, 3, 32}, dtype), w = leaf({3, 64, 32}, dtype);
    check_same({x, w}, [&] { return kernels::heads_linear(x, w); });
    const auto tokens = leaf({kRows, kWidth}, dtype), gate_up = leaf({4, 128, kWidth}, dtype), down = leaf({4, kWidth, 64}, dtype);
    const auto weights = at::rand({kRows, 2}).set_requires_grad(true);
    const auto experts = at::arange(2 * kRows).remainder(4).view({kRows, 2});
    check_same({tokens, weights, gate_up, down}, [&] { return kernels::routed_experts(tokens, experts, weights, {gate_up}, {down}, nullptr); });
  }
}

}  // namespace lockstep::test
