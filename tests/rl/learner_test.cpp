// SPDX-License-Identifier: Apache-2.0
// The learner: one gradient, however the work is cut into micro-batches and shards, the same bits on any threads.
#include "rl/learner.h"

#include <doctest/doctest.h>

#include <atomic>
#include <stdexcept>

#include "tests/rl/tiny_rows.h"

namespace lockstep::test {
namespace {

// Gradients of the sum of all log-probabilities, through packing and the learner.
std::vector<Tensor> sharded(model::Transformer& m, const RowSet& set, int num_shards, int64_t max_tokens, int num_threads) {
  base::ThreadPool pool(num_threads);
  rl::Learner learner(m, num_shards, pool);
  const auto micros = rl::pack(set.rows, {.max_tokens = max_tokens, .multiple_of = num_shards});
  learner.accumulate(static_cast<int>(micros.size()), [&](const model::Transformer& replica, int i) {
    return packed_logprobs(replica, micros[static_cast<size_t>(i)]).sum();
  });
  return gradients_of(m);
}

std::vector<Tensor> whole(model::Transformer& m, const RowSet& set) {
  return autograd(m, [&](const model::Transformer& own) {
    return packed_logprobs(own, rl::pack(set.rows, {.max_tokens = 1 << 30}).at(0)).sum();
  });
}

bool same_bits(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i].defined() != b[i].defined()) return false;
    if (a[i].defined() && !at::equal(a[i], b[i])) return false;
  }
  return a.size() == b.size();
}

}  // namespace

TEST_CASE("learner: 1, 2 and 3 shards and any micro-batches give the gradient of the whole batch") {
  for (const auto& config : {tiny_llama(), tiny_deepseek()}) {
    auto m = tiny_model(config);
    const auto set = random_rows(3, 5, 16, true);
    const auto expected = whole(m, set);
    for (int num_shards : {1, 2, 3})
      for (int64_t max_tokens : {12, 50, 1 << 20}) {
        CAPTURE(num_shards);
        CAPTURE(max_tokens);
        CHECK(relative_distance(sharded(m, set, num_shards, max_tokens, 2), expected) <= 1e-5);
      }
  }
}

TEST_CASE("learner: the same shards on 1, 2 and 5 threads give equal bits") {
  auto m = tiny_model(tiny_deepseek());
  const auto set = random_rows(4, 6, 16);
  const auto one = sharded(m, set, 3, 40, 1);
  CHECK(same_bits(sharded(m, set, 3, 40, 2), one));
  CHECK(same_bits(sharded(m, set, 3, 40, 5), one));
  CHECK_FALSE(same_bits(sharded(m, set, 1, 40, 1), one));  // the shards, not the threads, are the order of the sums
}

TEST_CASE("learner: micro-batch i belongs to shard i mod num_shards and each is worked on once") {
  auto m = tiny_model(tiny_llama());
  base::ThreadPool pool(3);
  rl::Learner learner(m, 3, pool);
  std::vector<const model::Transformer*> replica_of(8, nullptr);
  std::atomic<int> calls = 0;
  learner.accumulate(8, [&](const model::Transformer& replica, int i) {
    replica_of[static_cast<size_t>(i)] = &replica;
    ++calls;
    return Tensor();
  });
  CHECK(calls == 8);
  for (size_t i = 3; i < 8; ++i) CHECK(replica_of[i] == replica_of[i - 3]);
  CHECK(replica_of[0] != replica_of[1]);
}

TEST_CASE("learner: a call forgets the gradients of the one before, and what nothing depends on has none") {
  auto m = tiny_model(tiny_llama());
  const auto set = random_rows(8, 2, 8);
  base::ThreadPool pool(2);
  rl::Learner learner(m, 2, pool);
  const auto micro = rl::pack(set.rows, {}).at(0);
  const auto loss = [&](const model::Transformer& replica, int) { return packed_logprobs(replica, micro).sum(); };
  learner.accumulate(1, loss);
  const auto once = gradients_of(m);
  learner.accumulate(1, loss);
  CHECK(same_bits(gradients_of(m), once));
  learner.accumulate(0, loss);
  for (const auto& p : m.parameters()) CHECK_FALSE(p.value.grad().defined());
}

TEST_CASE("learner: gradient checkpointing changes no bit, of any family") {
  for (const auto& config : {tiny_llama(), tiny_deepseek()}) {
    auto m = tiny_model(config);
    const auto set = random_rows(11, 6, 16);
    base::ThreadPool pool(2);
    const auto micros = rl::pack(set.rows, {.max_tokens = 40, .multiple_of = 2});
    std::vector<std::vector<Tensor>> gradients;
    std::vector<std::vector<Tensor>> logprobs(2, std::vector<Tensor>(micros.size()));
    for (const bool is_on : {false, true}) {
      rl::Learner learner(m, 2, pool, {.gradient_checkpointing = is_on});
      learner.accumulate(static_cast<int>(micros.size()), [&](const model::Transformer& replica, int i) {
        const auto out = packed_logprobs(replica, micros[static_cast<size_t>(i)]);
        logprobs[is_on][static_cast<size_t>(i)] = out.detach();
        return out.sum();
      });
      gradients.push_back(gradients_of(m));
    }
    CHECK(same_bits(gradients[0], gradients[1]));
    CHECK(same_bits(logprobs[0], logprobs[1]));
    CHECK(gradients[0].size() > 10);
  }
}

TEST_CASE("learner: more threads than shards work on one micro-batch, and so they do on request, without changing a bit") {
  for (const auto& config : {tiny_llama(), tiny_deepseek()}) {
    auto m = tiny_model(config);
    const auto set = random_rows(12, 3, 400);  // long enough for products to be shared out
    const auto micros = rl::pack(set.rows, {.max_tokens = 700, .multiple_of = 1});
    REQUIRE(micros.size() >= 3);
    std::vector<std::vector<Tensor>> gradients;
    for (const auto& [num_threads, shares] : {std::pair{1, false}, {2, false}, {8, false}, {3, true}}) {
      base::ThreadPool pool(num_threads);
      rl::Learner learner(m, 2, pool, {.gradient_checkpointing = shares, .share_micro_batches = shares});
      learner.accumulate(static_cast<int>(micros.size()), [&](const model::Transformer& replica, int i) {
        return packed_logprobs(replica, micros[static_cast<size_t>(i)]).sum();
      });
      gradients.push_back(gradients_of(m));
    }
    CHECK(gradients[0].size() > 10);
    for (size_t i = 1; i < gradients.size(); ++i) CHECK(same_bits(gradients[i], gradients[0]));
  }
}

TEST_CASE("learner: an Error of a micro-batch that all threads work on reaches the caller, and the next call works") {
  auto m = tiny_model(tiny_llama());
  base::ThreadPool pool(2);
  rl::Learner learner(m, 2, pool, {.share_micro_batches = true});
  CHECK_THROWS_AS(learner.accumulate(3, [](const model::Transformer&, int i) -> Tensor { return i == 1 ? throw std::runtime_error("one") : Tensor(); }),
                  std::runtime_error);
  int calls = 0;
  learner.accumulate(3, [&](const model::Transformer&, int) { return ++calls, Tensor(); });
  CHECK(calls == 3);
}

TEST_CASE("learner: tells how long the two passes took") {
  auto m = tiny_model(tiny_llama());
  const auto set = random_rows(8, 2, 8);
  base::ThreadPool pool(2);
  rl::Learner learner(m, 2, pool);
  const auto micro = rl::pack(set.rows, {}).at(0);
  learner.accumulate(4, [&](const model::Transformer& replica, int) { return packed_logprobs(replica, micro).sum(); });
  CHECK(learner.seconds().forward > 0);
  CHECK(learner.seconds().backward > 0);
}

TEST_CASE("learner: shards see the model's values as they are, not as they were when it was made") {
  auto m = tiny_model(tiny_llama());
  const auto set = random_rows(9, 2, 8);
  base::ThreadPool pool(1);
  rl::Learner learner(m, 2, pool);
  const auto micro = rl::pack(set.rows, {}).at(0);
  const c10::NoGradGuard no_grad;
  const auto before = packed_logprobs(m, micro);
  for (auto& p : m.parameters()) p.value.mul_(1.5);
  learner.accumulate(1, [&](const model::Transformer& replica, int) {
    const c10::NoGradGuard none;
    const auto now = packed_logprobs(replica, micro);
    CHECK(at::equal(now, packed_logprobs(m, micro)));
    CHECK_FALSE(at::equal(now, before));
    return Tensor();
  });
}

TEST_CASE("learner: an exception of a shard is rethrown, of the lowest one if there are several") {
  auto m = tiny_model(tiny_llama());
  for (int num_threads : {1, 3}) {
    base::ThreadPool pool(num_threads);
    rl::Learner learner(m, 3, pool);
    std::string message;
    try {
      learner.accumulate(6, [](const model::Transformer&, int i) -> Tensor {
        if (i % 3 != 0) throw std::runtime_error(i % 3 == 1 ? "shard 1" : "shard 2");
        return {};
      });
    } catch (const std::runtime_error& error) {
      message = error.what();
    }
    CHECK(message == "shard 1");
  }
}

}  // namespace lockstep::test
