// SPDX-License-Identifier: Apache-2.0
// Columns of ids, lengths and masks to sequences, and back.
#include "rl/packed_rows.h"

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "base/text.h"

namespace lockstep::rl {
namespace {

using base::Json;

constexpr int64_t kIgnore = -100;  // of a label
constexpr int64_t kMost = std::numeric_limits<int32_t>::max();

// A column of integers from `low` to `high`.
std::vector<int64_t> numbers(const Json& row, const char* column, int64_t low, int64_t high, const std::string& where) {
  const Json& list = row.at(column);
  if (!list.is_array()) throw Error(cat("\"", column, "\" is ", list.type_name(), ", not a list"), where, "give a list of numbers");
  std::vector<int64_t> out;
  out.reserve(list.size());
  for (const Json& value : list) {
    const bool is_small = value.is_number_unsigned() ? value.get<uint64_t>() <= kMost : value.is_number_integer();
    if (!is_small || value.get<int64_t>() < low || value.get<int64_t>() > high)
      throw Error(cat("\"", column, "\" holds ", base::printable(value.dump(-1, ' ', false, Json::error_handler_t::replace)).substr(0, 40),
                      ", not a number from ", low, " to ", high),
                  where, "make the row with the tokenizer of this model");
    out.push_back(value.get<int64_t>());
  }
  return out;
}

void check_size(const char* column, size_t size, size_t ids, const std::string& where) {
  if (size == ids) return;
  throw Error(cat("\"", column, "\" has ", size, " values for ", ids, " ids"), where, "give one for each id");
}

// 1 for the ids that are trained on.
std::vector<int64_t> read_mask(const Json& row, const std::vector<int64_t>& ids, const std::string& where) {
  if (row.contains("completion_mask")) {
    auto mask = numbers(row, "completion_mask", 0, 1, where);
    check_size("completion_mask", mask.size(), ids.size(), where);
    return mask;
  }
  if (!row.contains("labels")) return std::vector<int64_t>(ids.size(), 1);
  auto labels = numbers(row, "labels", kIgnore, kMost, where);
  check_size("labels", labels.size(), ids.size(), where);
  for (size_t i = 0; i < ids.size(); ++i) {
    if (labels[i] != kIgnore && labels[i] != ids[i])
      throw Error(cat("\"labels\" has ", labels[i], " for the id ", ids[i]), where, cat("give the id itself, or ", kIgnore, " for what is not trained on"));
    labels[i] = labels[i] == ids[i] ? 1 : 0;
  }
  return labels;
}

std::vector<int64_t> read_lengths(const Json& row, size_t num_ids, const std::string& where) {
  if (!row.contains("seq_lengths")) return {static_cast<int64_t>(num_ids)};
  auto lengths = numbers(row, "seq_lengths", 1, kMost, where);
  int64_t sum = 0;
  for (const int64_t length : lengths) sum += length;
  if (sum != static_cast<int64_t>(num_ids))
    throw Error(cat("\"seq_lengths\" add up to ", sum, " for ", num_ids, " ids"), where, "give the length of each sequence of the row");
  return lengths;
}

}  // namespace

Json packed_row(std::span<const TextRow> sequences) {
  std::vector<TokenId> ids;
  std::vector<size_t> lengths;
  std::vector<int> mask;
  for (const TextRow& sequence : sequences) {
    ids.insert(ids.end(), sequence.prompt.begin(), sequence.prompt.end());
    ids.insert(ids.end(), sequence.completion.begin(), sequence.completion.end());
    mask.insert(mask.end(), sequence.prompt.size(), 0);
    mask.insert(mask.end(), sequence.completion.size(), 1);
    lengths.push_back(sequence.prompt.size() + sequence.completion.size());
  }
  return {{"input_ids", ids}, {"seq_lengths", lengths}, {"completion_mask", mask}};
}

bool is_packed(const Json& row) { return row.contains("input_ids"); }

std::vector<TextRow> read_packed(const Json& row, int64_t vocab_size, const std::string& where) {
  const auto ids = numbers(row, "input_ids", 0, vocab_size - 1, where);
  const auto mask = read_mask(row, ids, where);
  std::vector<TextRow> sequences;
  for (auto begin = mask.begin(); const int64_t length : read_lengths(row, ids.size(), where)) {
    const auto end = begin + length, middle = std::find(begin, end, 1);
    if (middle == end) throw Error(cat("nothing of sequence ", sequences.size() + 1, " is trained on"), where, "leave it out");
    if (std::find(middle, end, 0) != end)
      throw Error(cat("sequence ", sequences.size() + 1, " has a prompt behind a completion"), where,
                  "give each answer a sequence of its own, behind all that stands before it");
    const auto at = [&](auto place) { return ids.begin() + (place - mask.begin()); };
    TextRow sequence;
    sequence.prompt.assign(at(begin), at(middle));
    sequence.completion.assign(at(middle), at(end));
    sequences.push_back(std::move(sequence));
    begin = end;
  }
  return sequences;
}

}  // namespace lockstep::rl
