// SPDX-License-Identifier: Apache-2.0
// Bodies, tries and answers of rewards behind HTTP.
#include "rewards/plugins/http_reward.h"

#include "base/error.h"
#include "base/text.h"
#include "rewards/builtin.h"
#include "rewards/plugins/http_call.h"
#include "rewards/plugins/messages.h"

namespace lockstep::rewards::plugins {
namespace {

using base::Json;

Json value_json(const Json& value) {
  if (value.is_null()) return {{"skip", true}};
  if (!value.is_number()) return {{"error", cat("a reward that is ", value.type_name())}};
  return {{"value", value}};
}

// One entry of a list as long as the batch, or the number that stands for all; null where there is none.
Json entry_of(const Json& values, size_t index) {
  if (values.is_number()) return values;
  return values.is_array() && index < values.size() ? values[index] : Json(nullptr);
}

void add_metric(Json& score, const std::string& name, const Json& value) {
  if (value.is_number()) score["metrics"][name] = value;
}

// OpenRLHF's answer as what read_scores takes.
Json openrlhf_scores(const Json& answer) {
  if (!answer.is_object() || !answer.contains("rewards") || !answer["rewards"].is_array()) {
    return {{"error", "the answer has no list \"rewards\""}};
  }
  Json scores = Json::array();
  for (const Json& value : answer["rewards"]) {
    Json score = value_json(value);
    const size_t index = scores.size();
    if (const auto list = answer.find("scores"); list != answer.end()) add_metric(score, "score", entry_of(*list, index));
    if (const auto logs = answer.find("extra_logs"); logs != answer.end() && logs->is_object()) {
      for (const auto& [name, values] : logs->items()) add_metric(score, name, entry_of(values, index));
    }
    scores.push_back(std::move(score));
  }
  return {{"scores", std::move(scores)}};
}

Json slime_scores(const Json& answer) {
  if (!answer.is_object()) return {{"scores", {value_json(answer)}}};
  const char* key = answer.contains("score") ? "score" : "reward";
  if (!answer.contains(key)) return {{"error", "the answer is neither a number nor has it a \"score\""}};
  Json score = value_json(answer[key]);
  for (const auto& [name, value] : answer.items()) {
    if (name != key) add_metric(score, name, value);
  }
  return {{"scores", {std::move(score)}}};
}

class HttpReward final : public NamedReward {
 public:
  HttpReward(const std::string& name, const HttpConfig& config, HttpUrl url)
      : NamedReward(name), config_(config), url_(std::move(url)), is_slime_(config.interface == "slime") {}

  Score score(const Sample& sample) const override { return std::move(score_batch({&sample, 1}).front()); }

  bool scores_each_alone() const override { return false; }
  std::vector<Score> score_batch(std::span<const Sample> samples) const override {
    if (!is_slime_) return call(openrlhf_body(samples), samples.size());
    std::vector<Score> scores(samples.size());
    http_each(samples.size(), config_.num_connections,
              [&](size_t i) { scores[i] = std::move(call(slime_body(samples[i]), 1).front()); });
    return scores;
  }

 private:
  Json label_of(const Sample& sample) const {
    if (sample.columns == nullptr || !sample.columns->is_object()) return nullptr;
    return sample.columns->value(config_.label_column, Json());
  }

  std::string openrlhf_body(std::span<const Sample> samples) const {
    Json body = {{"query", Json::array()}, {"prompts", Json::array()}, {"labels", Json::array()}};
    for (const Sample& sample : samples) {
      const std::string prompt = base::repair_utf8(sample.prompt);
      body["query"].push_back(prompt + base::repair_utf8(sample.completion));
      body["prompts"].push_back(prompt);
      body["labels"].push_back(label_of(sample));
    }
    return body.dump(-1, ' ', false, Json::error_handler_t::replace);
  }

  std::string slime_body(const Sample& sample) const {
    return Json{{"prompt", base::repair_utf8(sample.prompt)},
                {"response", base::repair_utf8(sample.completion)},
                {"label", label_of(sample)}}
        .dump(-1, ' ', false, Json::error_handler_t::replace);
  }

  std::vector<Score> call(const std::string& body, size_t num_samples) const {
    std::vector<Score> scores;
    const auto read = [&](const std::string& text, std::string& problem) {
      try {
        const Json answer = base::parse_json(text, "HTTP answer", {.max_depth = 16, .max_bytes = kMaxHttpBody});
        scores = read_scores(is_slime_ ? slime_scores(answer) : openrlhf_scores(answer), num_samples);
        return TryResult::accepted;
      } catch (const Error& error) {
        problem = error.what_happened();
        return TryResult::useless;
      }
    };
    const HttpOutcome outcome = http_call({url_, body, {}, config_.num_tries, config_.timeout_s}, read);
    if (outcome.kind == HttpOutcome::Kind::accepted) return scores;
    const bool is_late = outcome.kind == HttpOutcome::Kind::timed_out;
    return failed_scores(is_late ? Status::timeout : Status::error, outcome.problem, num_samples);
  }

  HttpConfig config_;
  HttpUrl url_;
  bool is_slime_;
};

}  // namespace

std::unique_ptr<Reward> make_http_reward(const std::string& name, const HttpConfig& config, const std::string& where) {
  HttpUrl url = parse_local_url(config.url, config.allow_remote, where + "/options/url");
  return std::make_unique<HttpReward>(name, config, std::move(url));
}

}  // namespace lockstep::rewards::plugins
