// SPDX-License-Identifier: Apache-2.0
// The rewards that compare text.
#include "rewards/text_accuracy.h"

#include <re2/re2.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "rewards/answer.h"
#include "rewards/checkers.h"
#include "rewards/extract.h"
#include "rewards/math/extract.h"
#include "rewards/math/judge.h"
#include "rewards/pattern.h"

namespace lockstep::rewards {
namespace {

Extraction find_answer(const Sample& sample, const TextSource& source) {
  math::ExtractOptions options = {.sources = source.sources,
                                  .boxes = "last",
                                  .is_think_open = is_think_open(sample, source.think_open_in_prompt)};
  const auto whole = std::find(options.sources.begin(), options.sources.end(), "whole");
  const bool has_whole = whole != options.sources.end();
  options.sources.erase(whole, options.sources.end());
  Extraction found = math::extract(sample.completion, options);
  if (found.answer || !has_whole) return found;
  const auto text = after_thinking(sample.completion, options.is_think_open);
  return text ? Extraction{std::string(*text), ""} : found;
}

std::string comparable(std::string_view text, const AccuracyExactConfig& config) {
  std::string result;
  for (char c : config.ignore_space ? base::trim(text) : text) {
    const bool is_space = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (config.ignore_space && is_space) {
      if (result.back() != ' ') result += ' ';
    } else {
      result += config.ignore_case && c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
  }
  return result;
}

Score no_answer(const std::string& problem) {
  Score score;
  score.metrics["has_answer"] = 0;
  score.detail = problem;
  return score;
}

Score verdict_on(const std::string& answer, bool is_right, const std::string& gold) {
  Score score;
  score.metrics["has_answer"] = 1;
  score.value = is_right ? 1 : 0;
  score.answer = answer;
  score.detail = cat("answer: ", base::printable(std::string_view(answer).substr(0, 200)));
  if (!is_right) score.detail += cat("; gold is ", base::printable(std::string_view(gold).substr(0, 200)));
  return score;
}

Score skipped(const std::string& problem) { return {.status = Status::skip, .detail = problem}; }

std::optional<std::string> problem_of(const GoldText& gold) {
  return gold.text ? std::nullopt : std::optional(gold.problem);
}

}  // namespace

Score AccuracyExact::score(const Sample& sample) const {
  const GoldText gold = find_gold(*sample.columns, {config_.source.column, config_.source.gold_marker});
  if (!gold.text) return skipped(gold.problem);
  const Extraction found = find_answer(sample, config_.source);
  if (!found.answer) return no_answer(found.problem);
  return verdict_on(*found.answer, comparable(*found.answer, config_) == comparable(*gold.text, config_), *gold.text);
}

std::optional<std::string> AccuracyExact::row_problem(const base::Json& row) const {
  return problem_of(find_gold(row, {config_.source.column, config_.source.gold_marker}));
}

AccuracyRegex::AccuracyRegex(std::string name, AccuracyRegexConfig config, const std::string& where)
    : NamedReward(std::move(name)), config_(std::move(config)), pattern_(require_pattern(config_.pattern, where + "/options/pattern")) {}

AccuracyRegex::~AccuracyRegex() = default;

std::optional<std::string> AccuracyRegex::row_problem(const base::Json& row) const {
  const GoldText gold = find_gold(row, {config_.column, config_.gold_marker});
  if (!gold.text) return gold.problem;
  if (config_.compare == "pattern" && !compile_pattern(*gold.text)) return "the gold answer is no RE2 pattern";
  return config_.compare == "math" ? math::gold_problem(math::read_answer(*gold.text)) : std::nullopt;
}

Score AccuracyRegex::score(const Sample& sample) const {
  if (const auto problem = row_problem(*sample.columns)) return skipped(*problem);
  const std::string gold = *find_gold(*sample.columns, {config_.column, config_.gold_marker}).text;
  const auto text = after_thinking(sample.completion, is_think_open(sample, config_.think_open_in_prompt));
  if (!text) return no_answer("the thinking is not closed");
  const auto answer = last_match(*pattern_, *text);
  if (!answer) return no_answer("the pattern matches nothing");
  if (config_.compare == "pattern") return verdict_on(*answer, RE2::FullMatch(*answer, *compile_pattern(gold)), gold);
  if (config_.compare == "math") {
    return verdict_on(*answer, math::judge(math::read_answer(gold), math::read_answer(*answer)).is_equal, gold);
  }
  const AccuracyExactConfig loose;
  return verdict_on(*answer, comparable(*answer, loose) == comparable(gold, loose), gold);
}

AccuracyChoice::Gold AccuracyChoice::gold_of(const base::Json& row) const {
  const GoldText gold = find_gold(row, {config_.source.column, config_.source.gold_marker});
  if (!gold.text) return {std::nullopt, gold.problem};
  const std::string& text = *gold.text;
  if (const auto letter = choice_letter(normalize_answer(text))) return {letter, ""};
  if (config_.gold_index != "none" && text.size() == 1 && text[0] >= '0' && text[0] <= '9') {
    const int index = text[0] - '0' - (config_.gold_index == "from_1" ? 1 : 0);
    if (index >= 0) return {static_cast<char>('A' + index), ""};
  }
  return {std::nullopt, cat("the gold answer names no choice: ", base::printable(std::string_view(text).substr(0, 100)))};
}

std::optional<std::string> AccuracyChoice::row_problem(const base::Json& row) const {
  const Gold gold = gold_of(row);
  return gold.letter ? std::nullopt : std::optional(gold.problem);
}

Score AccuracyChoice::score(const Sample& sample) const {
  const Gold gold = gold_of(*sample.columns);
  if (!gold.letter) return skipped(gold.problem);
  const Extraction found = find_answer(sample, config_.source);
  if (!found.answer) return no_answer(found.problem);
  const auto letter = choice_letter(normalize_answer(*found.answer));
  return verdict_on(*found.answer, letter == gold.letter, std::string(1, *gold.letter));
}

}  // namespace lockstep::rewards
