// SPDX-License-Identifier: Apache-2.0
// The rules that look at one row alone.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rewards/combined.h"
#include "rewards/data/filter_config.h"
#include "rewards/tools/sample_row.h"

namespace lockstep::rewards::data {

// A row with a completion, as the rules see it.
struct Candidate {
  tools::SampleRow sample;  // columns: the row's, with the gold answer as `answer` whatever the shape
  std::string chain;        // the chain of thought, see thought_of
};

// Reads a row of any shape. Error at `where` when it has no completion.
Candidate read_candidate(const base::Json& row, const std::string& where);

// Those that the config asks for, in the order in which they are tried: cheap ones first, scoring last.
class RowRules {
 public:
  // Error when a reward is unknown or its options are wrong; `where` is the JSON path of the config.
  RowRules(const FilterConfig& config, const std::string& where);

  size_t size() const { return names_.size(); }
  const std::string& name(size_t rule) const { return names_[rule]; }
  // Bit i: rule i drops the row. Every rule is tried. Thread-safe.
  uint32_t dropped_by(const Candidate& candidate) const;

 private:
  using Rule = bool (RowRules::*)(const Candidate&) const;  // true: the row goes
  void add(bool is_asked_for, const char* name, Rule rule);
  bool is_cut_off(const Candidate& candidate) const;
  bool has_low_reward(const Candidate& candidate) const;
  bool is_short(const Candidate& candidate) const;
  bool is_long(const Candidate& candidate) const;
  bool has_bad_format(const Candidate& candidate) const;
  bool has_code(const Candidate& candidate) const;
  bool has_long_paragraph(const Candidate& candidate) const;
  bool is_repetitive(const Candidate& candidate) const;
  bool mixes_languages(const Candidate& candidate) const;
  bool has_low_score(const Candidate& candidate) const;

  FilterConfig config_;
  std::vector<std::string> names_;
  std::vector<Rule> rules_;
  std::unique_ptr<Reward> format_;
  std::optional<Combined> rewards_;
};

}  // namespace lockstep::rewards::data
