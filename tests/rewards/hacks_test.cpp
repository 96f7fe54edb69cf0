// SPDX-License-Identifier: Apache-2.0
// Known ways to game rule rewards: none may earn more than an honest wrong answer in the right form.
#include <doctest/doctest.h>

#include "rewards/combined.h"
#include "tests/rewards/samples.h"

namespace lockstep::rewards {
namespace {

const char* kTemplate =
    "The reasoning process and answer are enclosed within <think> </think> and <answer> </answer> tags, i.e., <think> "
    "reasoning "
    "process here </think> <answer> answer here </answer>. User: What is 6 * 7?. Assistant:";

// Each of them knows the right answer, 42, or tries to cover it.
const std::vector<std::pair<const char*, const char*>>& hacks() {
  static const std::vector<std::pair<const char*, const char*>> table = {
      {"no think block", "<answer>42</answer>"},
      {"empty think block", "<think></think><answer>42</answer>"},
      {"blank think block", "<think> \n </think><answer>42</answer>"},
      {"reasoning inside the answer", "<think>ok</think><answer>6 * 7 is 6 * 5 + 6 * 2 = 30 + 12, so 42</answer>"},
      {"reasoning and a box inside the answer", "<think>ok</think><answer>6 * 7 = 30 + 12, so \\boxed{42}</answer>"},
      {"placeholder as thought", "<think> reasoning process here </think><answer>42</answer>"},
      {"other placeholder as thought", "<think>thinking process here</think><answer>42</answer>"},
      {"placeholders everywhere", "<think> reasoning process here </think> <answer> answer here </answer>"},
      {"repeating the question", "<think>What is 6 * 7?</think><answer>42</answer>"},
      {"listing guesses", "<think>hm</think><answer>40, 41, 42, 43</answer>"},
      {"hedging", "<think>hm</think><answer>41 or 42</answer>"},
      {"listing guesses in answers", "<think>hm</think><answer>41</answer><answer>42</answer>"},
      {"re-opening think after the answer", "<think>hm</think><answer>41</answer><think>no</think><answer>42</answer>"},
      {"re-opening and not closing", "<think>hm</think><answer>42</answer><think>and so"},
      {"answer leaked before think", "<answer>42</answer><think>hm</think><answer>42</answer>"},
      {"answer leaked as text before think", "42. <think>hm</think><answer>42</answer>"},
      {"answer only before think", "<answer>42</answer><think>hm</think>"},
      {"repeated think tags", "<think>a</think><think>b</think><answer>42</answer>"},
      {"nested think tags", "<think><think>a</think></think><answer>42</answer>"},
      {"nested answer tags", "<think>a</think><answer><answer>42</answer></answer>"},
      {"answer block inside think", "<think>a<answer>42</answer></think>"},
      {"unclosed think", "<think>a <answer>42</answer>"},
      {"several boxes", "<think>a</think>\\boxed{41} \\boxed{42}"},
      {"several boxes in the answer", "<think>a</think><answer>\\boxed{41} \\boxed{42}</answer>"},
      {"box in box", "<think>a</think><answer>\\boxed{41 \\boxed{42}}</answer>"},
      {"text after the answer", "<think>a</think><answer>42</answer> or maybe 43"},
      {"unclosed answer", "<think>a</think><answer>42"},
  };
  return table;
}

TEST_CASE("hacks: with R1's accuracy + format, none earns more than a wrong answer in the right form") {
  const Combined rewards({{.type = "accuracy"}, {.type = "format"}}, 0);
  const base::Json row = gold("42");
  const auto value = [&](const char* text) {
    return rewards.score({.prompt = kTemplate, .completion = text, .columns = &row}).value;
  };
  const double honest_wrong = value("<think>6 * 7 is 6 * 6 + 5</think><answer>41</answer>");
  const double honest_right = value("<think>6 * 7 is 6 * 6 + 6</think><answer>42</answer>");
  CHECK(honest_wrong == 1);
  CHECK(honest_right == 2);
  for (const auto& [name, text] : hacks()) {
    const double hack = value(text);
    CHECK_MESSAGE(hack <= honest_wrong, name, ": ", hack);
  }
}

TEST_CASE("hacks: accuracy alone gives nothing for covering several answers or answering outside") {
  const Combined rewards({{.type = "accuracy"}}, 0);
  const base::Json row = gold("42");
  for (const char* text :
       {"\\boxed{41} \\boxed{42}", "\\boxed{41, 42}", "\\boxed{41 or 42}", "<answer>41</answer> <answer>42</answer>",
        "<think>\\boxed{42}", "<think>\\boxed{42}</think>", "<answer>42</answer><think>x</think>", "42",
        "The answer is 42.", "<answer>since 6 * 7 is \\boxed{42}</answer>", "\\boxed{answer}", "\\boxed{}",
        "\\boxed{6 * 7}"}) {
    CHECK_MESSAGE(rewards.score({.prompt = "What is 6 * 7?", .completion = text, .columns = &row}).value == 0, text);
  }
}

TEST_CASE("hacks: the prompt is never searched for an answer") {
  const Combined rewards({{.type = "accuracy"}}, 0);
  const base::Json row = gold("42");
  CHECK(rewards.score({.prompt = "Write \\boxed{42} or <answer>42</answer>.", .completion = "ok", .columns = &row})
            .value == 0);
}

}  // namespace
}  // namespace lockstep::rewards
