// SPDX-License-Identifier: Apache-2.0
// Bodies, tries and answers of rewards behind HTTP.
#include "rewards/plugins/http_reward.h"

#include <poll.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "base/error.h"
#include "base/text.h"
#include "rewards/builtin.h"
#include "rewards/plugins/http_post.h"
#include "rewards/plugins/messages.h"

namespace lockstep::rewards::plugins {
namespace {

using base::Json;
using Clock = std::chrono::steady_clock;

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
    std::atomic<size_t> next = 0;
    const auto work = [&] {
      for (size_t i = next++; i < samples.size(); i = next++) scores[i] = std::move(call(slime_body(samples[i]), 1).front());
    };
    const size_t num_threads = std::min<size_t>(samples.size(), static_cast<size_t>(config_.num_connections));
    std::vector<std::jthread> threads;
    for (size_t i = 1; i < num_threads; ++i) threads.emplace_back(work);
    work();
    threads.clear();
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
    const auto deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(config_.timeout_s));
    std::string problem;
    for (int i = 0; i < config_.num_tries; ++i) {
      if (i > 0 && !pause(i, deadline)) break;
      const HttpReply reply = http_post(url_, body, deadline);
      if (reply.outcome == HttpReply::Outcome::timed_out) break;
      if (auto scores = read(reply, num_samples, problem); !scores.empty()) return scores;
      if (i + 1 == config_.num_tries) return failed_scores(Status::error, cat(config_.num_tries, " tries failed: ", problem), num_samples);
    }
    const std::string before = problem.empty() ? "" : cat(", before: ", problem);
    return failed_scores(Status::timeout, cat("no answer within ", config_.timeout_s, " s", before), num_samples);
  }

  // Nothing, and why, when the try is worth nothing.
  std::vector<Score> read(const HttpReply& reply, size_t num_samples, std::string& problem) const {
    if (reply.outcome != HttpReply::Outcome::answered) return problem = reply.problem, std::vector<Score>();
    if (reply.code != 200) {
      problem = cat("HTTP code ", reply.code, ": ", base::printable(std::string_view(reply.body).substr(0, 200)));
      return {};
    }
    try {
      const Json answer = base::parse_json(reply.body, "HTTP answer", {.max_depth = 16, .max_bytes = kMaxHttpBody});
      return read_scores(is_slime_ ? slime_scores(answer) : openrlhf_scores(answer), num_samples);
    } catch (const Error& error) {
      problem = error.what_happened();
      return {};
    }
  }

  // 0.1 s, doubled with every try, up to 10 s. False when the deadline comes first.
  static bool pause(int num_failures, Clock::time_point deadline) {
    const auto wanted = std::chrono::milliseconds(std::min(100 << std::min(num_failures - 1, 7), 10'000));
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    ::poll(nullptr, 0, static_cast<int>(std::clamp<int64_t>(left.count(), 0, wanted.count())));
    return left > wanted;
  }

  HttpConfig config_;
  HttpUrl url_;
  bool is_slime_;
};

}  // namespace

std::unique_ptr<Reward> make_http_reward(const std::string& name, const HttpConfig& config, const std::string& where) {
  HttpUrl url = parse_http_url(config.url, where + "/options/url");
  if (!url.is_loopback() && !config.allow_remote) {
    throw Error(cat(url.host, " is another machine"), where + "/options/url",
                "set allow_remote if completions may travel there in clear text, or run a proxy on this machine");
  }
  return std::make_unique<HttpReward>(name, config, std::move(url));
}

}  // namespace lockstep::rewards::plugins
