// SPDX-License-Identifier: Apache-2.0
// How `lockstep data rewrite` turns sampled completions into a readable pattern, as R1 v1 made its cold-start data: |special_token|
// <reasoning_process>|special_token|<summary> (section 2.3.1 of arXiv:2501.12948v1).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/config.h"
#include "rewards/plugins/chat_client.h"

namespace lockstep::rewards::data {

struct Replacement {
  std::string pattern;
  std::string replacement;
  void visit(auto&& field) {
    field("pattern", pattern, "RE2; every match is replaced");
    field("replacement", replacement, "what stands in its place; \\1 is the first group");
  }
};

struct RewriteConfig {
  std::string method = "rules";
  std::vector<Replacement> replacements = {};
  std::string output = "<think>{reasoning}</think>{summary}";
  std::string source = "either";
  bool keep_answer = true;
  std::string rewrites = "summary";
  std::string request =
      "Problem:\n{prompt}\n\nNotes of somebody who solved it:\n{reasoning}\n\nWrite a short solution that a reader can follow, in the "
      "language of the problem. End with the final answer in \\boxed{}. The final answer of the notes is: {answer}";
  plugins::ChatConfig endpoint;
  std::string on_failure = "drop";
  std::vector<std::string> drop_columns = {"ids", "completion_ids", "logprobs", "num_tokens"};

  void visit(auto&& field) {
    field("method", method,
          "rules: no model; endpoint: a model behind `endpoint` writes what `rewrites` names; model: one that the caller brings does",
          base::one_of({"rules", "model", "endpoint"}));
    field("replacements", replacements, "on the reasoning, one after the other, before anything else is done with it");
    field("output", output,
          "the completion, made of {reasoning} (what stands in <think>..</think>), {summary} (what follows it, tags and all), {answer} "
          "(the final answer alone) and {prompt}; for the tiny runs \" <think>{reasoning}</think><answer>{answer}</answer>\"");
    field("source", source, "where the final answer stands, as for the reward `accuracy`", base::one_of({"either", "boxed", "answer_tag"}));
    field("keep_answer", keep_answer, "drop rows whose final answer is another one afterwards, or is gone");
    field("rewrites", rewrites, "what the model's text stands for; both: a text of the form reasoning</think>summary",
          base::one_of({"reasoning", "summary", "both"}));
    field("request", request, "what the model is asked; {prompt}, {reasoning}, {summary} and {answer} are filled in");
    field("endpoint", endpoint, "of the method endpoint");
    field("on_failure", on_failure, "when the model gives no text: drop the row, or fail, so that nothing is written",
          base::one_of({"drop", "fail"}));
    field("drop_columns", drop_columns, "columns that say something about the text as it was");
  }
};

}  // namespace lockstep::rewards::data
