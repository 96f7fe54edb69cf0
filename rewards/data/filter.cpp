// SPDX-License-Identifier: Apache-2.0
// One pass to judge, one to write.
#include "rewards/data/filter.h"

#include <bit>
#include <map>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "base/thread_pool.h"
#include "rewards/data/choice.h"
#include "rewards/data/filter_rules.h"
#include "rewards/data/words.h"
#include "rewards/rows/row_file.h"

namespace lockstep::rewards::data {
namespace {

using base::Json;

constexpr size_t kBatch = 256;

// Everything that is known of the rows after the first pass: 20 bytes each.
class Judge {
 public:
  Judge(const FilterConfig& config, int num_threads) : config_(config), rules_(config, "rules"), pool_(num_threads) {}

  void add(rows::FileRow& row) {
    batch_.push_back({std::move(row.json), std::move(row.where)});
    if (batch_.size() == kBatch) flush();
  }

  void flush() {
    const size_t first = facts.size();
    facts.resize(first + batch_.size());
    dropped_by.resize(first + batch_.size());
    pool_.parallel_for(static_cast<int>(batch_.size()), [&](int i) {
      const auto& [json, where] = batch_[static_cast<size_t>(i)];
      const Candidate candidate = read_candidate(json, where);
      RowFacts& fact = facts[first + static_cast<size_t>(i)];
      fact.prompt = hash_text(Words(candidate.sample.prompt, Symbols::keep).text());
      fact.num_words = static_cast<uint32_t>(Words(candidate.sample.completion, Symbols::drop).size());
      dropped_by[first + static_cast<size_t>(i)] = rules_.dropped_by(candidate);
    });
    for (size_t i = 0; i < batch_.size() && !config_.balance_by.empty(); ++i) {
      facts[first + i].class_of = class_of(batch_[i].first, batch_[i].second);
    }
    batch_.clear();
  }

  const RowRules& rules() const { return rules_; }

  std::vector<RowFacts> facts;
  std::vector<uint32_t> dropped_by;

 private:
  uint32_t class_of(const Json& row, const std::string& where) {
    const auto found = row.find(config_.balance_by);
    if (found == row.end()) {
      throw Error(cat("the row has no \"", base::printable(config_.balance_by), "\" to balance by"), where,
                  "name a column that every row has in balance_by");
    }
    const std::string name = found->dump(-1, ' ', false, Json::error_handler_t::replace);
    return classes_.try_emplace(name, static_cast<uint32_t>(classes_.size())).first->second;
  }

  const FilterConfig& config_;
  RowRules rules_;
  base::ThreadPool pool_;
  std::vector<std::pair<Json, std::string>> batch_;
  std::map<std::string, uint32_t> classes_;
};

// The verdict on every row: the number of the rule that drops it, or kKept.
constexpr uint8_t kKept = UINT8_MAX;

class Verdicts {
 public:
  Verdicts(const Judge& judge, FilterReport& report) : rows_(judge.facts), verdicts_(rows_.size(), kKept), report_(report) {
    for (size_t rule = 0; rule < judge.rules().size(); ++rule) report.rules.push_back({.name = judge.rules().name(rule)});
    for (size_t i = 0; i < rows_.size(); ++i) {
      const uint32_t bits = judge.dropped_by[i];
      if (bits != 0) drop(i, static_cast<size_t>(std::countr_zero(bits)));
      for (size_t rule = 0; rule < report.rules.size(); ++rule) report.rules[rule].num_alone += (bits >> rule) & 1;
    }
  }

  // A rule that looks at rows together, given as a function from the rows that take part to those that stay.
  template <class Choose>
  void apply(const char* name, Choose choose) {
    std::vector<bool> is_in(rows_.size());
    for (size_t i = 0; i < rows_.size(); ++i) is_in[i] = verdicts_[i] == kKept;
    const std::vector<bool> stays = choose(is_in), stays_alone = choose(std::vector<bool>(rows_.size(), true));
    report_.rules.push_back({.name = name});
    for (size_t i = 0; i < rows_.size(); ++i) {
      if (is_in[i] && !stays[i]) drop(i, report_.rules.size() - 1);
      report_.rules.back().num_alone += stays_alone[i] ? 0 : 1;
    }
  }

  uint8_t of(size_t row) const { return verdicts_[row]; }

 private:
  void drop(size_t row, size_t rule) {
    verdicts_[row] = static_cast<uint8_t>(rule);
    ++report_.rules[rule].num_dropped;
  }

  const std::vector<RowFacts>& rows_;
  std::vector<uint8_t> verdicts_;
  FilterReport& report_;
};

void count_prompts(FilterReport& report, const std::vector<RowFacts>& rows, const Verdicts& verdicts) {
  std::set<uint64_t> in, out;
  for (size_t i = 0; i < rows.size(); ++i) {
    in.insert(rows[i].prompt);
    if (verdicts.of(i) == kKept) out.insert(rows[i].prompt);
  }
  report.num_prompts_in = in.size();
  report.num_prompts_out = out.size();
}

Verdicts decide(const Judge& judge, const FilterConfig& config, FilterReport& report) {
  Verdicts verdicts(judge, report);
  if (config.max_per_prompt > 0) {
    verdicts.apply("per prompt", [&](const std::vector<bool>& is_in) {
      return choose_per_prompt(judge.facts, is_in, static_cast<size_t>(config.max_per_prompt), config.choice, config.seed);
    });
  }
  if (!config.balance_by.empty()) {
    verdicts.apply("balance", [&](const std::vector<bool>& is_in) {
      return choose_per_class(judge.facts, is_in, static_cast<size_t>(config.max_per_class), config.seed);
    });
  }
  count_prompts(report, judge.facts, verdicts);
  return verdicts;
}

}  // namespace

FilterReport filter(const std::vector<std::string>& inputs, const std::string& output, const FilterConfig& config, int num_threads) {
  Judge judge(config, num_threads);
  rows::RowWriter writer(output);
  for (const std::string& path : inputs) {
    rows::for_each_row(path, [&](rows::FileRow& row) { judge.add(row); });
  }
  judge.flush();
  if (judge.facts.empty()) throw Error("there are no rows", base::join(inputs, ", "), "give files with rows");
  FilterReport report;
  const Verdicts verdicts = decide(judge, config, report);
  const auto write = [&](rows::FileRow& row) {
    const size_t index = report.rows_in++;
    if (index >= judge.facts.size()) return;
    const uint8_t verdict = verdicts.of(index);
    if (verdict == kKept) return writer.write(row);
    if (report.rules[verdict].example.empty()) report.rules[verdict].example = row.where;
  };
  for (const std::string& path : inputs) rows::for_each_row(path, write);
  if (report.rows_in != judge.facts.size()) {
    throw Error(cat("the second reading found ", report.rows_in, " rows, the first ", judge.facts.size()),
                base::join(inputs, ", "), "let nothing write the files meanwhile");
  }
  writer.finish();
  report.rows_out = writer.num_rows();
  return report;
}

Json FilterReport::json() const {
  Json list = Json::array();
  for (const Rule& rule : rules) {
    list.push_back({{"rule", rule.name}, {"dropped", rule.num_dropped}, {"would_drop_alone", rule.num_alone}, {"first", rule.example}});
  }
  return {{"rows_in", rows_in}, {"rows_out", rows_out}, {"prompts_in", num_prompts_in}, {"prompts_out", num_prompts_out}, {"rules", list}};
}

std::string FilterReport::text() const {
  std::string out = cat(rows_in, " rows in, ", rows_out, " out; ", num_prompts_in, " prompts in, ", num_prompts_out, " out\n");
  for (const Rule& rule : rules) {
    out += cat("  ", rule.name, ": dropped ", rule.num_dropped, ", alone it would drop ", rule.num_alone);
    out += rule.example.empty() ? "\n" : cat("; the first is ", base::printable(rule.example), "\n");
  }
  return out;
}

}  // namespace lockstep::rewards::data
