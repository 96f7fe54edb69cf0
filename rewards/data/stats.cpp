// SPDX-License-Identifier: Apache-2.0
// Counting over rows.
#include "rewards/data/stats.h"

#include <algorithm>
#include <bit>
#include <numeric>

#include "base/error.h"
#include "base/text.h"
#include "rewards/data/words.h"
#include "rewards/language.h"
#include "rewards/rows/example.h"

namespace lockstep::rewards::data {
namespace {

using base::Json;

constexpr const char* kClassColumns[] = {"data_source", "kind", "task", "ability", "source", "level", "difficulty"};
constexpr size_t kMaxClasses = 200;     // of one column; the rest counts as "(other)"
constexpr size_t kLanguageBytes = 4096;  // of a text that the language is guessed from

bool is_empty(const Json& value) { return value.is_null() || (value.is_string() ? value == "" : value.is_structured() && value.empty()); }

uint32_t num_characters(std::string_view text) {
  return static_cast<uint32_t>(std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<uint8_t>(c) & 0xC0) != 0x80; }));
}

void count_class(std::map<std::string, size_t>& counts, const Json& value) {
  const std::string name = value.is_string() ? value.get<std::string>() : value.dump(-1, ' ', false, Json::error_handler_t::replace);
  const bool is_room = counts.size() < kMaxClasses || counts.contains(name);
  ++counts[is_room ? name.substr(0, 200) : "(other)"];
}

}  // namespace

LengthSummary summarise(std::vector<uint32_t> lengths) {
  LengthSummary summary{.count = lengths.size()};
  if (lengths.empty()) return summary;
  std::sort(lengths.begin(), lengths.end());
  summary.mean = std::accumulate(lengths.begin(), lengths.end(), 0.0) / static_cast<double>(lengths.size());
  summary.least = lengths.front();
  summary.median = lengths[lengths.size() / 2];
  summary.p95 = lengths[lengths.size() * 19 / 20];
  summary.most = lengths.back();
  summary.histogram.resize(static_cast<size_t>(std::bit_width(summary.most)) + 1);
  for (const uint32_t length : lengths) ++summary.histogram[static_cast<size_t>(std::bit_width(length))];
  return summary;
}

void StatsCollector::add_columns(const Json& row) {
  for (const auto& item : row.items()) {
    const std::string& name = item.key();
    const Json& value = item.value();
    const auto is_it = [&](const auto& column) { return column.first == name; };
    auto found = std::find_if(report_.columns.begin(), report_.columns.end(), is_it);
    if (found == report_.columns.end()) found = report_.columns.insert(found, {name, {}});
    ++found->second.num_rows;
    found->second.num_empty += is_empty(value) ? 1 : 0;
    ++found->second.types[value.type_name()];
  }
  for (const char* column : kClassColumns) {
    if (const auto found = row.find(column); found != row.end()) count_class(report_.classes[column], *found);
  }
}

void StatsCollector::add_texts(const Json& row, const std::string& where) {
  const rows::Example example = rows::read_example(row, where);
  ++report_.shapes[rows::shape_name(example.shape)];
  report_.num_without_gold += example.gold.is_null() ? 1 : 0;
  const bool is_document = example.shape == rows::Shape::text;
  const std::string prompt = rows::prompt_text(example), completion = example.completion.value_or("");
  const auto measure = [&](const std::string& name, const std::string& text) {
    const Words words(text, Symbols::drop);
    lengths_[name + " characters"].push_back(num_characters(text));
    lengths_[name + " words"].push_back(static_cast<uint32_t>(words.size()));
  };
  if (!is_document) measure("prompt", prompt);
  if (example.completion) measure(is_document ? "document" : "completion", completion);
  const std::string& identity = is_document ? completion : prompt;
  const bool is_new = prompts_.insert(hash_text(Words(identity, Symbols::keep).text())).second;
  report_.num_repeated_prompts += is_new ? 0 : 1;
  const std::string language = guess_language(cat(prompt.substr(0, kLanguageBytes), "\n", completion.substr(0, kLanguageBytes)));
  ++report_.languages[language.empty() ? "?" : language];
}

void StatsCollector::add(const rows::FileRow& row) {
  ++report_.num_rows;
  add_columns(row.json);
  if (rows::detect_shape(row.json)) {
    add_texts(row.json, row.where);
  } else {
    ++report_.shapes["unknown"];
  }
}

StatsReport StatsCollector::finish() {
  for (auto& [name, lengths] : lengths_) report_.lengths[name] = summarise(std::move(lengths));
  return std::move(report_);
}

StatsReport stats(const std::vector<std::string>& inputs) {
  StatsCollector collector;
  for (const std::string& path : inputs) {
    rows::for_each_row(path, [&](rows::FileRow& row) { collector.add(row); });
  }
  StatsReport report = collector.finish();
  if (report.num_rows == 0) throw Error("there are no rows", base::join(inputs, ", "), "give files with rows");
  return report;
}

}  // namespace lockstep::rewards::data
