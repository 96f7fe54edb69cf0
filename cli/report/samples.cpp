// SPDX-License-Identifier: Apache-2.0
// Which completions a report shows, and how much of each.
#include "cli/report/samples.h"

#include <algorithm>
#include <charconv>
#include <deque>
#include <filesystem>
#include <map>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/report/series.h"

namespace lockstep::cli::report {
namespace {

using base::Json;

constexpr size_t kMaxFileBytes = size_t{512} << 20, kMaxParts = 32, kMaxExtras = 16, kMinPerStep = 4, kGoodNumSteps = 24;

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// Well-formed text cut at code points: all of it, or [beginning, bytes left out, end].
Json bounded_text(const std::string& raw, size_t max_bytes) {
  const std::string text = base::repair_utf8(raw);
  if (text.size() <= max_bytes) return text;
  size_t head = max_bytes * 3 / 4, tail = text.size() - (max_bytes - head);
  while (head > 0 && is_continuation(text[head])) --head;
  while (tail < text.size() && is_continuation(text[tail])) ++tail;
  return Json::array({text.substr(0, head), tail - head, text.substr(tail)});
}

std::string text_of(const Json& row, const char* key) {
  const auto entry = row.find(key);
  if (entry == row.end()) return "";
  return entry->is_string() ? entry->get<std::string>() : entry->dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json number_of(const Json& row, const char* key) {
  const auto entry = row.find(key);
  return entry != row.end() && entry->is_number() ? short_number(entry->get<double>()) : Json(nullptr);
}

// The first `few` indices, and as many spread evenly over the others.
std::vector<size_t> choose(size_t count, size_t wanted) {
  std::vector<size_t> out;
  const size_t first = count <= wanted ? count : wanted / 2, rest = std::min(count, wanted) - first;
  for (size_t i = 0; i < first; ++i) out.push_back(i);
  for (size_t i = 0; i < rest; ++i) out.push_back(first + (count - first) * (2 * i + 1) / (2 * rest));
  return out;
}

// Indices in an order whose every beginning is spread evenly: last, first, middle, quarters, ...
std::vector<size_t> spread_order(size_t count) {
  std::vector<size_t> out;
  std::vector<bool> is_taken(count, false);
  const auto take = [&](size_t i) {
    if (!is_taken[i]) out.push_back(i);
    is_taken[i] = true;
  };
  if (count == 0) return out;
  take(count - 1);
  take(0);
  for (size_t parts = 2; out.size() < count; parts *= 2)
    for (size_t i = 1; i < parts; i += 2) take((count - 1) * i / parts);
  return out;
}

class Collector {
 public:
  explicit Collector(const SampleLimits& limits) : limits_(limits) {}

  size_t bytes() const { return bytes_; }

  // The chosen rows of one file; false when it cannot be read.
  bool add_step(const std::string& file, int64_t step, size_t wanted) {
    std::string content;
    try {
      content = base::read_file(file, kMaxFileBytes);
    } catch (const Error&) {
      return false;  // removed meanwhile, or too large
    }
    std::vector<std::string_view> lines;
    for (size_t start = 0, end; (end = content.find('\n', start)) != std::string::npos; start = end + 1)
      if (end > start) lines.push_back(std::string_view(content).substr(start, end - start));
    size_t shown = 0;
    for (const size_t line : choose(lines.size(), wanted)) shown += add_line(lines[line], step, line + 1);
    steps_.push_back({{"step", step}, {"shown", shown}, {"total", lines.size()}});
    return true;
  }

  Json to_json(size_t num_steps) && {
    const auto by_step = [](const Json& a, const Json& b) { return a["step"].get<int64_t>() < b["step"].get<int64_t>(); };
    std::stable_sort(rows_.begin(), rows_.end(), by_step);
    std::stable_sort(steps_.begin(), steps_.end(), by_step);
    return {{"parts", parts_}, {"prompts", prompts_}, {"steps", steps_}, {"num_steps", num_steps}, {"rows", rows_}};
  }

 private:
  bool add_line(std::string_view line, int64_t step, size_t number) {
    Json row;
    try {
      row = base::parse_json(base::repair_utf8(line), "completions", {.max_depth = 16});
    } catch (const Error&) {
      return false;
    }
    if (!row.is_object()) return false;
    Json out = {{"step", step},
                {"line", number},
                {"prompt", prompt_index(row)},
                {"completion", bounded_text(text_of(row, "completion"), limits_.max_text_bytes)},
                {"reward", number_of(row, "reward")},
                {"advantage", number_of(row, "advantage")},
                {"tokens", number_of(row, "num_tokens")},
                {"finish", bounded_text(text_of(row, "finish_reason"), 40)}};
    add_parts(row, out);
    bytes_ += out.dump().size();
    rows_.push_back(std::move(out));
    return true;
  }

  size_t prompt_index(const Json& row) {
    Json prompt = bounded_text(text_of(row, "prompt"), limits_.max_prompt_bytes);
    const auto [entry, is_new] = prompt_indices_.try_emplace(prompt.dump(), prompts_.size());
    if (is_new) {
      bytes_ += entry->first.size();
      prompts_.push_back(std::move(prompt));
    }
    return entry->second;
  }

  // Every other column is a reward (a number, or the status of one without a score), or text beside it ("accuracy/answer").
  void add_parts(const Json& row, Json& out) {
    static const std::vector<std::string> known = {"step",      "prompt",     "completion",    "reward",
                                                   "advantage", "num_tokens", "finish_reason", "weight_version"};
    Json values = Json::array(), extras = Json::object();
    for (const auto& [name, value] : row.items()) {
      if (std::find(known.begin(), known.end(), name) != known.end() || name.size() > 160) continue;
      const bool is_extra = value.is_string() && name.find('/') != std::string::npos;
      if (is_extra && extras.size() < kMaxExtras) extras[name] = bounded_text(value.get<std::string>(), 400);
      if (is_extra || (!value.is_number() && !value.is_string())) continue;
      const auto found = std::find(parts_.begin(), parts_.end(), name);
      const auto index = static_cast<size_t>(found - parts_.begin());
      if (found == parts_.end() && parts_.size() == kMaxParts) continue;
      if (found == parts_.end()) parts_.push_back(name);
      while (values.size() <= index) values.push_back(nullptr);
      values[index] = value.is_number() ? short_number(value.get<double>()) : bounded_text(value.get<std::string>(), 40);
    }
    out["parts"] = std::move(values);
    if (!extras.empty()) out["extras"] = std::move(extras);
  }

  SampleLimits limits_;
  size_t bytes_ = 0;
  std::vector<std::string> parts_;
  std::vector<Json> prompts_, rows_, steps_;
  std::map<std::string, size_t> prompt_indices_;
};

std::string file_of(const std::string& folder, int64_t step) { return cat(folder, "/step_", step, ".jsonl"); }

}  // namespace

std::vector<int64_t> stored_steps(const std::string& folder) {
  constexpr std::string_view kPrefix = "step_", kSuffix = ".jsonl";
  std::vector<int64_t> out;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) continue;
    const char *begin = name.data() + kPrefix.size(), *end = name.data() + name.size() - kSuffix.size();
    int64_t step = 0;
    const auto parsed = std::from_chars(begin, end, step);
    if (begin < end && parsed.ec == std::errc() && parsed.ptr == end && step >= 0) out.push_back(step);
  }
  std::sort(out.begin(), out.end());
  return out;
}

Json read_samples(const std::string& folder, const SampleLimits& limits) {
  const auto steps = stored_steps(folder);
  Collector collector(limits);
  size_t taken = 0, per_step = limits.per_step;
  for (const size_t i : spread_order(steps.size())) {
    if (taken == limits.max_steps || collector.bytes() >= limits.max_bytes) break;
    const bool is_added = collector.add_step(file_of(folder, steps[i]), steps[i] + 1, per_step);
    taken += is_added ? 1 : 0;
    // The first file tells how long texts are.
    if (taken == 1 && is_added && collector.bytes() * kGoodNumSteps > limits.max_bytes)
      per_step = std::max(kMinPerStep, per_step * limits.max_bytes / (collector.bytes() * kGoodNumSteps));
  }
  return std::move(collector).to_json(steps.size());
}

Json read_step_samples(const std::string& folder, int64_t stored_step, const SampleLimits& limits) {
  Collector collector(limits);
  collector.add_step(file_of(folder, stored_step), stored_step + 1, limits.per_step);
  return std::move(collector).to_json(1);
}

}  // namespace lockstep::cli::report
