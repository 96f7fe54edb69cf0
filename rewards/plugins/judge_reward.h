// SPDX-License-Identifier: Apache-2.0
// A model as the judge of completions, behind an OpenAI-compatible endpoint: R1's rewards for helpfulness and harmlessness on
// general prompts (section 2.3.4 of arXiv:2501.12948v1), and LLM-as-a-judge (arXiv:2306.05685).
#pragma once

#include <memory>
#include <string>

#include "rewards/plugins/chat_client.h"
#include "rewards/reward.h"

namespace lockstep::rewards::plugins {

struct JudgeConfig {
  ChatConfig endpoint;
  std::string prompt =
      "Grade the answer to the question on a scale from 0 to 10: is it correct, does it do what is asked, is it clear?\n\n"
      "[Question]\n{prompt}\n\n[Answer]\n{completion}\n\nEnd with one line of the form: Score: N";
  std::string pattern = "(?i)score:\\s*\\**\\s*(-?[0-9]+(?:\\.[0-9]+)?)";
  double min = 0;
  double max = 10;
  std::string part = "completion";
  std::string column = "answer";
  std::string unparsed = "error";
  void visit(auto&& field) {
    field("endpoint", endpoint, "the model that judges");
    field("prompt", prompt, "what it is asked; {prompt}, {completion} and {answer} (the gold answer) are filled in");
    field("pattern", pattern, "RE2 with one group: the number in its last match is the grade");
    field("min", min, "the grade that is worth 0");
    field("max", max, "the grade that is worth 1");
    field("part", part,
          "what is judged as {completion}: all of it, or what follows the thinking, as R1 judges helpfulness; nothing follows: worth 0",
          base::one_of({"completion", "summary"}));
    field("column", column, "the column with the gold answer, where the prompt has {answer}");
    field("unparsed", unparsed, "what a sample is whose judge gives no grade from min to max", base::one_of({"error", "skip"}));
  }
};

// 0 to 1. error when the endpoint fails, timeout at its deadline. Metric `grade`, and the judge's words for the table of
// completions. What is judged is hostile text: it can ask for a grade. A judge with a number to quote may be led to quote it, so
// the last match counts, and a reward that rises while accuracy does not is a judge that is being talked to.
// Error at `where` for a pattern without exactly one group, min not below max, and what ChatClient and TextTemplate refuse.
std::unique_ptr<Reward> make_judge_reward(const std::string& name, const JudgeConfig& config, const std::string& where);

}  // namespace lockstep::rewards::plugins
