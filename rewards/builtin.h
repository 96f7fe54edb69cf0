// SPDX-License-Identifier: Apache-2.0
// The built-in rewards and their options. Users name them in a config (registry.h); tests and tools build them directly.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "base/config.h"
#include "rewards/reward.h"

namespace lockstep::rewards {

class NamedReward : public Reward {
 public:
  explicit NamedReward(std::string name) : name_(std::move(name)) {}
  const std::string& name() const override { return name_; }
  bool scores_each_alone() const override { return true; }  // false where score_batch is overridden

 private:
  std::string name_;
};

struct AccuracyConfig {
  std::string source = "either";
  std::string answers = "agree";
  std::string think_open_in_prompt = "auto";
  std::string checker = "auto";
  std::string column = "answer";
  std::string gold_marker = "####";
  std::string countdown_numbers = "exactly_once";
  void visit(auto&& field) {
    field("source", source, "where the final answer stands; either: <answer> tags where there are any, else \\boxed{}",
          base::one_of({"either", "boxed", "answer_tag"}));
    field("answers", answers,
          "several answers after the thinking: agree = they must be equal; last = the last one counts; only = exactly "
          "one "
          "in the whole completion",
          base::one_of({"agree", "last", "only"}));
    field("think_open_in_prompt", think_open_in_prompt,
          "the prompt has opened <think>, so that an answer needs </think> first; auto: see whether the prompt ends so",
          base::one_of({"auto", "yes", "no"}));
    field("checker", checker, "how to decide; auto: by the row's column `task`, value for all but the two named here",
          base::one_of({"auto", "value", "countdown", "knights_knaves"}));
    field("column", column, "the column that holds the gold answer");
    field("gold_marker", gold_marker,
          "the gold answer is what follows the last of these (GSM8K); empty: the whole column");
    field("countdown_numbers", countdown_numbers, "how often a given number must be used",
          base::one_of({"exactly_once", "at_most_once"}));
  }
};

// 1 when the final answer is right, 0 when it is wrong or missing. skip when the row has no usable gold answer.
// Metric `has_answer`: 1 when an answer was found.
class Accuracy final : public NamedReward {
 public:
  Accuracy(std::string name, AccuracyConfig config) : NamedReward(std::move(name)), config_(std::move(config)) {}
  Score score(const Sample& sample) const override;

 private:
  AccuracyConfig config_;
};

struct FormatConfig {
  std::string preset = "r1";
  std::string think_open_in_prompt = "auto";
  bool require_answer = true;
  bool refuse_echo = true;
  bool exactly_once = true;
  bool in_order = true;
  bool nothing_outside = true;
  int64_t min_think_chars = 1;
  bool partial_credit = false;
  void visit(auto&& field) {
    field("preset", preset,
          "r1: <think>..</think> <answer>..</answer>, white space between, and the options below; tiny: no white space, "
          "no other \"<\", and the completion ends by itself; the others are exactly those projects' (format_presets.h)",
          base::one_of({"r1", "tiny", "open_r1", "tag_count", "trl", "logic_rl", "tinyzero"}));
    field("think_open_in_prompt", think_open_in_prompt,
          "r1: the prompt has opened <think>, so that the completion must not; auto: see whether the prompt ends so",
          base::one_of({"auto", "yes", "no"}));
    field("require_answer", require_answer, "r1: false asks for non-empty text after </think> and no <answer> tags");
    field("refuse_echo", refuse_echo,
          "r1: a think block that only copies from the prompt, or a template's placeholder, fails");
    field("exactly_once", exactly_once, "r1: each tag; otherwise at least once, and the first ones count");
    field("in_order", in_order, "r1: the tags' order");
    field("nothing_outside", nothing_outside, "r1: only white space before, between and after the blocks");
    field("min_think_chars", min_think_chars, "r1: characters of the thought", base::at_least(0));
    field("partial_credit", partial_credit,
          "r1: the share of checks that pass: each tag, order, outside, thought, answer; otherwise 1 or 0");
  }
};

// r1: 1 or 0; each tag exactly once, in order, contents not blank, nothing but white space outside (R1, section 2.2.2 of
// arXiv:2501.12948v1). A token scan: linear, whatever the text.
class Format final : public NamedReward {
 public:
  Format(std::string name, FormatConfig config) : NamedReward(std::move(name)), config_(std::move(config)) {}
  Score score(const Sample& sample) const override;

 private:
  FormatConfig config_;
};

struct CoinFlipConfig {
  double probability = 0.5;
  void visit(auto&& field) { field("probability", probability, "chance of a reward of 1", base::between(0, 1)); }
};

// The control experiment: 1 or 0 by a coin that knows the run seed, the reward's name, the prompt and the completion, and
// nothing else. Equal completions of one prompt get equal flips; a resumed run repeats its flips.
class CoinFlip final : public NamedReward {
 public:
  CoinFlip(std::string name, CoinFlipConfig config, uint64_t run_seed)
      : NamedReward(std::move(name)), config_(config), run_seed_(run_seed) {}
  Score score(const Sample& sample) const override;

 private:
  CoinFlipConfig config_;
  uint64_t run_seed_;
};

struct NoOptions {
  void visit(auto&&) {}
};

// A measure for the log, to be used with weight 0.
class ReflectionWords final : public NamedReward {
 public:
  using NamedReward::NamedReward;
  Score score(const Sample& sample) const override;
};

}  // namespace lockstep::rewards
