// SPDX-License-Identifier: Apache-2.0
// Question, answer, grade.
#include "rewards/plugins/judge_reward.h"

#include <re2/re2.h>

#include <charconv>
#include <cmath>

#include "base/error.h"
#include "base/text.h"
#include "rewards/builtin.h"
#include "rewards/extract.h"
#include "rewards/pattern.h"
#include "rewards/plugins/messages.h"
#include "rewards/text_template.h"

namespace lockstep::rewards::plugins {
namespace {

using base::Json;

constexpr size_t kMaxAnswerBytes = size_t{64} << 10;  // of which a grade is looked for: the last ones

std::unique_ptr<RE2> grade_pattern(const std::string& pattern, const std::string& where) {
  auto compiled = require_pattern(pattern, where);
  if (const int groups = compiled->NumberOfCapturingGroups(); groups != 1) {
    throw Error(cat("the pattern has ", groups, " groups"), where, "put one group around the number, (?:...) around what is none");
  }
  return compiled;
}

std::optional<double> number_of(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) return std::nullopt;
  return number;
}

class JudgeReward final : public NamedReward {
 public:
  JudgeReward(const std::string& name, const JudgeConfig& config, const std::string& where)
      : NamedReward(name),
        config_(config),
        client_(config.endpoint, where + "/options/endpoint"),
        prompt_(config.prompt, {"prompt", "completion", "answer"}, where + "/options/prompt"),
        pattern_(grade_pattern(config.pattern, where + "/options/pattern")) {
    if (!(config.min < config.max)) {
      throw Error(cat("min = ", config.min, " is not below max = ", config.max), where + "/options/min", "give the scale of the grades");
    }
    if (!prompt_.uses("completion")) {
      throw Error("the judge is not shown the completion", where + "/options/prompt", "write {completion} where it shall stand");
    }
  }

  // All samples of a batch are asked about at the same time, so that they must come together.
  bool scores_each_alone() const override { return false; }
  Score score(const Sample& sample) const override { return judge(sample); }
  std::vector<Score> score_batch(std::span<const Sample> samples) const override {
    std::vector<Score> scores(samples.size());
    http_each(samples.size(), client_.num_connections(), [&](size_t i) { scores[i] = judge(samples[i]); });
    return scores;
  }

  std::optional<std::string> row_problem(const Json& row) const override {
    if (!prompt_.uses("answer") || gold_of(row)) return std::nullopt;
    return cat("the row has no column \"", base::printable(config_.column), "\"");
  }

 private:
  std::optional<std::string> gold_of(const Json& row) const {
    const auto found = row.is_object() ? row.find(config_.column) : row.end();
    if (found == row.end() || found->is_null()) return std::nullopt;
    return found->is_string() ? found->get<std::string>() : found->dump(-1, ' ', false, Json::error_handler_t::replace);
  }

  // Never throws: it runs on threads of its own.
  Score judge(const Sample& sample) const try {
    static const Json kNoColumns = Json::object();
    const Json& row = sample.columns == nullptr ? kNoColumns : *sample.columns;
    if (auto problem = row_problem(row)) return {.status = Status::skip, .detail = *std::move(problem)};
    std::string_view judged = sample.completion;
    if (config_.part == "summary") {
      const auto rest = after_thinking(judged, is_think_open(sample, "auto"));
      judged = rest ? base::trim(*rest) : std::string_view();
      if (judged.empty()) return {.value = 0, .detail = "nothing follows the thinking"};
    }
    const std::string gold = gold_of(row).value_or("");
    const ChatAnswer answer = client_.ask(prompt_.fill({{"prompt", sample.prompt}, {"completion", judged}, {"answer", gold}}));
    if (answer.outcome.kind == HttpOutcome::Kind::timed_out) return {.status = Status::timeout, .detail = answer.outcome.problem};
    if (answer.outcome.kind == HttpOutcome::Kind::failed) return {.status = Status::error, .detail = answer.outcome.problem};
    return graded(answer.text);
  } catch (const std::exception& error) {
    return {.status = Status::error, .detail = error.what()};
  }

  Score graded(const std::string& text) const {
    const std::string_view tail = std::string_view(text).substr(text.size() - std::min(text.size(), kMaxAnswerBytes));
    const auto found = last_match(*pattern_, tail);
    const auto grade = found ? number_of(*found) : std::nullopt;
    Score score{.extras = {{"judge", base::repair_utf8(tail)}}};
    if (!grade || *grade < config_.min || *grade > config_.max) {
      const std::string shown = found ? base::printable(std::string_view(*found).substr(0, 100)) : "";
      score.status = config_.unparsed == "skip" ? Status::skip : Status::error;
      score.detail = found ? cat("the grade is no number from ", config_.min, " to ", config_.max, ": ", shown) : "the judge gives no grade";
      return score;
    }
    score.value = (*grade - config_.min) / (config_.max - config_.min);
    score.metrics["grade"] = *grade;
    score.detail = cat("grade ", *grade);
    return score;
  }

  JudgeConfig config_;
  ChatClient client_;
  TextTemplate prompt_;
  std::unique_ptr<RE2> pattern_;
};

}  // namespace

std::unique_ptr<Reward> make_judge_reward(const std::string& name, const JudgeConfig& config, const std::string& where) {
  return std::make_unique<JudgeReward>(name, config, where);
}

}  // namespace lockstep::rewards::plugins
