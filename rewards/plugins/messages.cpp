// SPDX-License-Identifier: Apache-2.0
// Writing calls and reading answers.
#include "rewards/plugins/messages.h"

#include <cmath>
#include <map>
#include <tuple>

#include "base/text.h"

namespace lockstep::rewards::plugins {
namespace {

using base::Json;

constexpr size_t kMaxDetailBytes = 4096;

std::string cut(const std::string& text, size_t max_bytes) {
  return text.size() <= max_bytes ? text : base::repair_utf8(std::string_view(text).substr(0, max_bytes));
}

std::string dumped(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

// Adds the metrics of `from`, if there are any; false when they are no object of finite numbers.
bool read_metrics(const Json& from, std::map<std::string, double>& metrics) {
  const auto found = from.find("metrics");
  if (found == from.end()) return true;
  if (!found->is_object() || found->size() > kMaxMetrics) return false;
  for (const auto& [name, value] : found->items()) {
    if (name.empty() || name.size() > kMaxNameBytes || !value.is_number()) return false;
    const double number = value.get<double>();
    if (!std::isfinite(number)) return false;
    metrics[base::printable(name)] = number;
  }
  return true;
}

bool read_extras(const Json& from, std::map<std::string, std::string>& extras) {
  const auto found = from.find("extras");
  if (found == from.end()) return true;
  if (!found->is_object() || found->size() > kMaxMetrics) return false;
  for (const auto& [name, value] : found->items()) {
    if (name.empty() || name.size() > kMaxNameBytes) return false;
    extras[base::printable(name)] = cut(value.is_string() ? value.get<std::string>() : dumped(value), kMaxTextBytes);
  }
  return true;
}

std::string text_of(const Json& from, const char* key) {
  const auto found = from.find(key);
  return found == from.end() || !found->is_string() ? "" : cut(found->get<std::string>(), kMaxDetailBytes);
}

Score error_score(const std::string& problem) { return {.status = Status::error, .detail = cut(problem, kMaxDetailBytes)}; }

Score read_score(const Json& from) {
  if (!from.is_object()) return error_score(cat("the score is ", from.type_name()));
  if (from.contains("error")) return error_score(text_of(from, "error"));
  Score score;
  score.detail = text_of(from, "detail");
  score.answer = text_of(from, "answer");
  if (!read_metrics(from, score.metrics)) return error_score("metrics must be at most 64 finite numbers by name");
  if (!read_extras(from, score.extras)) return error_score("extras must be at most 64 texts by name");
  if (from.value("timeout", Json()) == true) {
    score.status = Status::timeout;
    return score;
  }
  if (from.value("skip", Json()) == true) {
    score.status = Status::skip;
    return score;
  }
  const auto value = from.find("value");
  if (value == from.end() || !value->is_number()) return error_score("the score has no value");
  score.value = value->get<double>();
  if (!std::isfinite(score.value)) return error_score("the value is not finite");
  return score;
}

}  // namespace

std::string call_text(std::span<const Sample> samples) {
  Json rows = Json::array(), list = Json::array();
  std::map<std::tuple<const Json*, const char*, size_t>, size_t> row_of;
  for (const Sample& sample : samples) {
    const auto [entry, is_new] =
        row_of.try_emplace({sample.columns, sample.prompt.data(), sample.prompt.size()}, rows.size());
    if (is_new) {
      rows.push_back({{"prompt", base::repair_utf8(sample.prompt)}, {"columns", sample.columns ? *sample.columns : Json::object()}});
    }
    Json ids = Json::array();
    for (const int32_t id : sample.ids) ids.push_back(id);
    list.push_back({{"row", entry->second},
                    {"completion", base::repair_utf8(sample.completion)},
                    {"ids", std::move(ids)},
                    {"is_terminated", sample.is_terminated},
                    {"num_tokens", sample.num_tokens}});
  }
  return dumped({{"rows", std::move(rows)}, {"samples", std::move(list)}});
}

std::vector<Score> failed_scores(Status status, const std::string& problem, size_t num_samples) {
  return std::vector<Score>(num_samples, {.status = status, .detail = cut(problem, kMaxDetailBytes)});
}

std::vector<Score> read_scores(const Json& message, size_t num_samples) {
  const auto fail = [&](const std::string& problem) { return failed_scores(Status::error, problem, num_samples); };
  if (!message.is_object()) return fail(cat("the answer is ", message.type_name()));
  if (const auto error = message.find("error"); error != message.end()) {
    return fail(error->is_string() ? error->get<std::string>() : dumped(*error));
  }
  const auto list = message.find("scores");
  if (list == message.end() || !list->is_array()) return fail("the answer has no scores");
  if (list->size() != num_samples) return fail(cat(list->size(), " scores for ", num_samples, " completions"));
  std::vector<Score> scores;
  for (const Json& entry : *list) scores.push_back(read_score(entry));
  if (!scores.empty() && !read_metrics(message, scores.front().metrics)) {
    return fail("metrics must be at most 64 finite numbers by name");
  }
  return scores;
}

}  // namespace lockstep::rewards::plugins
