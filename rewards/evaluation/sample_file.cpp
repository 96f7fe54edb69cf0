// SPDX-License-Identifier: Apache-2.0
// Reading the samples of an evaluation.
#include "rewards/evaluation/sample_file.h"

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

namespace lockstep::rewards::evaluation {
namespace {

constexpr const char* kFix = "give a file that `lockstep eval --samples-out` wrote";

const base::Json& column(const base::Json& row, const char* name, base::Json::value_t kind, const std::string& where) {
  const auto found = row.find(name);
  if (found == row.end()) throw Error(cat("the row has no \"", name, "\""), where, kFix);
  const bool is_kind = found->type() == kind || (kind == base::Json::value_t::number_integer && found->is_number_integer());
  if (!is_kind) throw Error(cat("\"", name, "\" is ", found->type_name()), where, kFix);
  return *found;
}

// Samples of a prompt while the file is read: by their number.
struct Collected {
  std::string prompt;
  std::map<std::string, std::string> columns;
  std::map<int64_t, SampleResult> samples;
};

using Key = std::pair<std::string, int64_t>;

void add_row(std::map<Key, Collected>& out, const base::Json& row, const std::string& where) {
  using Kind = base::Json::value_t;
  if (!row.is_object()) throw Error(cat("the row is ", row.type_name(), ", not an object"), where, kFix);
  const Key key{column(row, "source", Kind::string, where).get<std::string>(),
                column(row, "prompt_id", Kind::number_integer, where).get<int64_t>()};
  const auto number = column(row, "sample", Kind::number_integer, where).get<int64_t>();
  const auto& text = column(row, "prompt", Kind::string, where).get_ref<const std::string&>();
  if (row.contains("is_right") && row["is_right"].is_null()) return;
  auto [place, is_new] = out.try_emplace(key);
  Collected& prompt = place->second;
  if (is_new) {
    prompt.prompt = text;
    prompt.columns = group_columns(row);
  } else if (prompt.prompt != text) {
    throw Error(cat("prompt ", key.second, " of ", base::printable(key.first), " has two texts"), where, kFix);
  }
  const SampleResult sample{column(row, "is_right", Kind::boolean, where).get<bool>(),
                            column(row, "extracted", Kind::string, where).get<std::string>()};
  if (!prompt.samples.try_emplace(number, sample).second)
    throw Error(cat("sample ", number, " of prompt ", key.second, " of ", base::printable(key.first), " occurs twice"), where, kFix);
}

}  // namespace

SampleFile read_sample_file(const std::string& path) {
  std::map<Key, Collected> collected;
  base::for_each_line(path, [&](std::string_view line, size_t number) {
    const std::string where = cat(path, ":", number);
    add_row(collected, base::parse_json(line, where), where);
  });
  if (collected.empty()) throw Error("the file has no samples that were judged", path, kFix);
  SampleFile out;
  for (auto& [key, prompt] : collected) {
    SamplePrompt& entry = out[key];
    entry.prompt = std::move(prompt.prompt);
    entry.result.columns = std::move(prompt.columns);
    for (auto& [number, sample] : prompt.samples) entry.result.samples.push_back(std::move(sample));
  }
  return out;
}

}  // namespace lockstep::rewards::evaluation
