// SPDX-License-Identifier: Apache-2.0
// The needle test against engines that read their prompts: one that finds the key, one that is blind beyond a window.
#include "rl/needle.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "rewards/tasks/split.h"
#include "tests/rl/tiny_text.h"
#include "tests/support/errors.h"
#include "tests/support/fake_engine.h"

namespace lockstep::test {
namespace {

// The first number in the last `window` tokens of the prompt, as an answer.
FakeEngine reader(size_t window, std::vector<std::string>* keys = nullptr) {
  return FakeEngine([=](const rollout::Request& request, int, uint64_t) {
    const auto& ids = request.prompt;
    const std::vector<model::TokenId> seen(ids.end() - static_cast<ptrdiff_t>(std::min(window, ids.size())), ids.end());
    const auto text = tiny_tokenizer().decode(seen, true);
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    const auto begin = std::find_if(text.begin(), text.end(), is_digit);
    const std::string key(begin, std::find_if_not(begin, text.end(), is_digit));
    if (keys) keys->push_back(key);
    rollout::Completion out;
    out.ids = tiny_tokenizer().encode(" It is " + key + ", 77 I think");
    out.logprobs.assign(out.ids.size(), -1.0f);
    return out;
  });
}

rl::NeedleOptions options() {
  rl::NeedleOptions out;
  out.lengths = {100, 300};
  out.depths = {0, 0.5, 1};
  out.num_trials = 4;
  out.is_dialogue = true;
  return out;
}

}  // namespace

TEST_CASE("needle: who reads all finds it everywhere; the first number of the answer counts") {
  auto engine = reader(1 << 20);
  const auto grid = rl::run_needle(engine, tiny_tokenizer(), options());
  CHECK(grid.score == std::vector<std::vector<double>>(3, {1.0, 1.0}));
  CHECK(grid.mean() == doctest::Approx(1));
  REQUIRE(engine.calls.size() == 2);
  CHECK(engine.calls[0].sampling.temperature == 0);
}

TEST_CASE("needle: who sees only the end of long prompts finds what stands there") {
  auto engine = reader(100);
  const auto grid = rl::run_needle(engine, tiny_tokenizer(), options());
  CHECK(grid.score == std::vector<std::vector<double>>{{1, 0}, {1, 0}, {1, 1}});
  CHECK(grid.by_length()[0] == doctest::Approx(1));
  CHECK(grid.by_length()[1] == doctest::Approx(1.0 / 3));
  CHECK(grid.mean() == doctest::Approx(2.0 / 3));
}

TEST_CASE("needle: prompts with room for the answer come within 1 % or 4 tokens of their length; keys are of the eval split") {
  std::vector<std::string> keys;
  auto engine = reader(1 << 20, &keys);
  auto o = options();
  o.lengths = {100, 1000, 5000};
  const auto grid = rl::run_needle(engine, tiny_tokenizer(), o);
  for (size_t l = 0; l < o.lengths.size(); ++l)
    for (const auto& request : engine.calls.at(l).requests) {
      const auto room = o.lengths[l] - rl::needle_answer_tokens(o.digits);
      CHECK(static_cast<int64_t>(request.prompt.size()) <= room);
      CHECK(static_cast<int64_t>(request.prompt.size()) >= room - std::max<int64_t>(8, room / 50));
    }
  for (const auto& key : keys) CHECK(rewards::split_of(key) == rewards::Split::eval);
  CHECK(grid.prompt_tokens.size() == 3);
  auto again = reader(1 << 20);
  rl::run_needle(again, tiny_tokenizer(), o);
  CHECK(again.calls[1].requests[3].prompt == engine.calls[1].requests[3].prompt);
}

TEST_CASE("needle: a length without room for the question is refused") {
  auto engine = reader(1);
  auto o = options();
  o.lengths = {20};
  check_error([&] { rl::run_needle(engine, tiny_tokenizer(), o); }, "the needle and its question alone have", "--lengths", "ask for longer prompts");
}

}  // namespace lockstep::test
