// SPDX-License-Identifier: Apache-2.0
// Two passes over the files: choose, then write.
#include "rewards/data/pairs.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/rng.h"
#include "base/text.h"
#include "rewards/data/words.h"
#include "rewards/rows/example.h"
#include "rewards/rows/row_file.h"

namespace lockstep::rewards::data {
namespace {

using base::Json;
using PromptKey = std::pair<uint64_t, uint64_t>;

constexpr size_t kMaxGroup = 4096;

struct Candidate {
  size_t row = 0;
  double score = 0;
  uint64_t text = 0;  // hash of the completion
};

struct Pair {
  size_t chosen = 0, rejected = 0;  // rows
  double margin = 0;
};

struct Row {
  rows::Example example;
  std::optional<double> score;
};

Row read_row(rows::FileRow& file_row, const std::string& column) {
  Row row{rows::read_example(std::move(file_row.json), file_row.where), {}};
  if (!row.example.completion) throw Error("the row has no completion", file_row.where, "give rows {prompt, completion, reward}");
  const auto score = row.example.columns.find(column);
  if (score == row.example.columns.end())
    throw Error(cat("the row has no column \"", base::printable(column), "\""), file_row.where, "name the column of the score with --reward");
  if (score->is_number() && std::isfinite(score->get<double>())) row.score = score->get<double>();
  return row;
}

PromptKey key_of(const rows::Example& example) {
  const std::string text = rows::prompt_json(example).dump(-1, ' ', false, Json::error_handler_t::replace);
  return {hash_text(text, 0), hash_text(text, 1)};
}

std::optional<Pair> pair_of(const Candidate& a, const Candidate& b, double min_difference) {
  const double margin = std::abs(a.score - b.score);
  if (!(margin > 0) || margin < min_difference || a.text == b.text) return std::nullopt;
  return a.score > b.score ? Pair{a.row, b.row, margin} : Pair{b.row, a.row, margin};
}

// Of rows with the same score the first in a drawn order stands for all: no place in the file is preferred.
std::vector<Pair> best_and_worst(std::vector<Candidate> group, const PairsOptions& options, uint64_t key) {
  base::Random(key).shuffle(group);
  const auto by_score = [](const Candidate& a, const Candidate& b) { return a.score < b.score; };
  const auto pair = pair_of(*std::max_element(group.begin(), group.end(), by_score), *std::min_element(group.begin(), group.end(), by_score),
                            options.min_difference);
  return pair ? std::vector<Pair>{*pair} : std::vector<Pair>{};
}

std::vector<Pair> all_pairs(const std::vector<Candidate>& group, const PairsOptions& options) {
  std::vector<Pair> pairs;
  for (size_t i = 0; i < group.size(); ++i)
    for (size_t j = i + 1; j < group.size(); ++j)
      if (const auto pair = pair_of(group[i], group[j], options.min_difference)) pairs.push_back(*pair);
  return pairs;
}

std::vector<Pair> pairs_of(const std::vector<Candidate>& group, const PairsOptions& options, const PromptKey& prompt, size_t& num_candidates) {
  const uint64_t key = base::derive_key(options.seed, "pairs", prompt.first, prompt.second);
  if (options.choice == "best_worst") {
    auto pairs = best_and_worst(group, options, key);
    num_candidates += pairs.size();
    return pairs;
  }
  if (group.size() > kMaxGroup)
    throw Error(cat("a prompt has ", group.size(), " scored completions, and all their pairs are too many"), cat("row ", group.front().row + 1),
                "use best_worst, or keep fewer of them with `lockstep data filter`");
  auto pairs = all_pairs(group, options);
  num_candidates += pairs.size();
  if (options.max_per_prompt > 0 && pairs.size() > options.max_per_prompt) {
    base::Random(key).shuffle(pairs);
    pairs.resize(options.max_per_prompt);
  }
  return pairs;
}

// Waits for the second row of each pair.
class PairWriter {
 public:
  PairWriter(std::vector<Pair> pairs, const std::string& output, bool has_margin)
      : pairs_(std::move(pairs)), waiting_(pairs_.size()), writer_(output), has_margin_(has_margin) {
    for (size_t p = 0; p < pairs_.size(); ++p)
      for (const size_t row : {pairs_[p].chosen, pairs_[p].rejected}) members_.emplace_back(row, p);
    std::sort(members_.begin(), members_.end());
  }

  void take(size_t index, const Row& row, const std::string& where) {
    for (; next_ < members_.size() && members_[next_].first == index; ++next_) {
      const size_t p = members_[next_].second;
      if (!waiting_[p]) {
        waiting_[p] = *row.example.completion;
        continue;
      }
      const bool is_chosen = pairs_[p].chosen == index;
      Json out = {{"prompt", rows::prompt_json(row.example)},
                  {"chosen", is_chosen ? *row.example.completion : *waiting_[p]},
                  {"rejected", is_chosen ? *waiting_[p] : *row.example.completion}};
      if (out["chosen"] == out["rejected"]) changed(where);
      if (has_margin_) out["margin"] = pairs_[p].margin;
      writer_.write(out);
      waiting_[p] = std::string();
    }
  }

  void finish(const std::string& where) {
    if (next_ < members_.size()) changed(where);
    writer_.finish();
  }

 private:
  [[noreturn]] static void changed(const std::string& where) {
    throw Error("the second reading found other rows than the first", where, "let nothing write the files meanwhile");
  }

  std::vector<Pair> pairs_;
  std::vector<std::optional<std::string>> waiting_;  // the completion of the pair's first row
  std::vector<std::pair<size_t, size_t>> members_;   // row, pair; ascending
  size_t next_ = 0;
  rows::RowWriter writer_;
  bool has_margin_;
};

using Groups = std::map<PromptKey, std::vector<Candidate>>;

Groups read_groups(const std::vector<std::string>& inputs, const std::string& column, PairsReport& report) {
  Groups groups;
  for (const std::string& path : inputs) {
    rows::for_each_row(path, [&](rows::FileRow& file_row) {
      const size_t index = report.rows_in++;
      const Row row = read_row(file_row, column);
      if (!row.score)
        ++report.num_unscored;
      else if (row.example.completion->empty())
        ++report.num_empty;
      else
        groups[key_of(row.example)].push_back({index, *row.score, hash_text(*row.example.completion)});
    });
  }
  if (report.rows_in == 0) throw Error("there are no rows", base::join(inputs, ", "), "give files with rows");
  return groups;
}

std::vector<Pair> choose(const Groups& groups, const PairsOptions& options, PairsReport& report) {
  std::vector<Pair> pairs;
  for (const auto& [prompt, group] : groups) {
    const auto chosen = pairs_of(group, options, prompt, report.num_candidates);
    report.num_prompts_without += chosen.empty();
    pairs.insert(pairs.end(), chosen.begin(), chosen.end());
  }
  // Groups come in the order of their hashes; sums and files are in that of the rows.
  std::sort(pairs.begin(), pairs.end(), [](const Pair& a, const Pair& b) {
    return std::pair(std::max(a.chosen, a.rejected), std::min(a.chosen, a.rejected)) < std::pair(std::max(b.chosen, b.rejected), std::min(b.chosen, b.rejected));
  });
  return pairs;
}

}  // namespace

PairsReport make_pairs(const std::vector<std::string>& inputs, const std::string& output, const PairsOptions& options) {
  PairsReport report;
  std::vector<Pair> pairs;
  {
    const Groups groups = read_groups(inputs, options.reward, report);
    report.num_prompts = groups.size();
    pairs = choose(groups, options, report);
  }
  report.num_pairs = pairs.size();
  if (pairs.empty())
    throw Error(cat("no prompt of ", report.num_prompts, " has two completions whose scores differ enough"), base::join(inputs, ", "),
                "give several scored completions of a prompt, or lower --min-difference");
  report.min_margin = report.max_margin = pairs.front().margin;
  for (const Pair& pair : pairs) {
    report.mean_margin += pair.margin / static_cast<double>(pairs.size());
    report.min_margin = std::min(report.min_margin, pair.margin);
    report.max_margin = std::max(report.max_margin, pair.margin);
  }
  PairWriter writer(std::move(pairs), output, options.has_margin);
  size_t index = 0;
  for (const std::string& path : inputs)
    rows::for_each_row(path, [&](rows::FileRow& file_row) {
      const std::string where = file_row.where;
      writer.take(index++, read_row(file_row, options.reward), where);
    });
  writer.finish(base::join(inputs, ", "));
  return report;
}

Json PairsReport::json() const {
  return {{"rows_in", rows_in},
          {"unscored", num_unscored},
          {"empty", num_empty},
          {"prompts", num_prompts},
          {"prompts_without_pair", num_prompts_without},
          {"candidates", num_candidates},
          {"pairs", num_pairs},
          {"margin", {{"mean", mean_margin}, {"min", min_margin}, {"max", max_margin}}}};
}

std::string PairsReport::text() const {
  return cat(rows_in, " rows in (", num_unscored, " without a score, ", num_empty, " empty) of ", num_prompts, " prompts, ", num_pairs, " pairs out of ",
             num_candidates, " that differ enough; ", num_prompts_without, " prompts gave none\n  margin: mean ", base::fixed(mean_margin, 3),
             ", from ", base::fixed(min_margin, 3), " to ", base::fixed(max_margin, 3), "\n");
}

}  // namespace lockstep::rewards::data
