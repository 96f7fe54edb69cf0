// SPDX-License-Identifier: Apache-2.0
// Scoring a file and printing its rows.
#include "rewards/tools/score_file.h"

#include <deque>
#include <ostream>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "rewards/tools/sample_row.h"

namespace lockstep::rewards::tools {
namespace {

using base::Json;

constexpr size_t kMaxGroup = 1024;  // rows of one prompt that are held at once

// A value of a score, or the reason why there is none: "1.000", "skip".
std::string cell(Status status, double value) { return status == Status::ok ? base::fixed(value, 3) : status_name(status); }

Json value_json(Status status, double value) { return status == Status::ok ? Json(value) : Json(nullptr); }

void print_row(const Combined& rewards, size_t number, const CombinedScore& score, std::ostream& out) {
  out << "row " << number << "  reward " << cell(score.status, score.value);
  for (size_t i = 0; i < rewards.size(); ++i) {
    const Score& part = score.parts[i];
    out << "  " << rewards.name(i) << " " << cell(part.status, part.value);
    if (!part.detail.empty()) out << " (" << base::printable(part.detail) << ")";
  }
  out << "\n";
}

Json row_json(const Combined& rewards, size_t number, const CombinedScore& score) {
  Json parts = Json::object(), metrics = Json::object(), extracted = nullptr;
  for (size_t i = 0; i < rewards.size(); ++i) {
    const Score& part = score.parts[i];
    parts[rewards.name(i)] = {{"status", status_name(part.status)},
                              {"value", value_json(part.status, part.value)},
                              {"detail", base::repair_utf8(part.detail)},
                              {"metrics", part.metrics}};
    if (!part.extras.empty()) parts[rewards.name(i)]["extras"] = part.extras;
    if (extracted.is_null() && !part.answer.empty()) extracted = base::repair_utf8(part.answer);
    for (const auto& [name, value] : part.metrics) {
      metrics[rewards.size() == 1 ? name : cat(rewards.name(i), "/", name)] = value;
    }
  }
  return {{"row", number},
          {"status", status_name(score.status)},
          {"value", value_json(score.status, score.value)},
          {"extracted", extracted},
          {"metrics", metrics},
          {"rewards", parts}};
}

void print_summary(const Combined& rewards, const std::vector<CombinedScore>& scores, std::ostream& out) {
  const std::vector<RewardStats> stats = rewards.stats(scores);
  for (size_t i = 0; i < rewards.size(); ++i) {
    const RewardStats& of = stats[i];
    out << rewards.name(i) << "  weight " << rewards.weight(i) << "  mean " << base::fixed(of.mean, 4) << "  std "
        << base::fixed(of.std, 4) << "  ok " << of.num_ok << "  skip " << of.num_skip << "  error " << of.num_error << "  timeout "
        << of.num_timeout;
    for (const auto& [name, value] : of.metrics) out << "  " << name << " " << base::fixed(value, 4);
    out << "\n";
  }
}

class FileScorer {
 public:
  FileScorer(const Combined& rewards, bool as_json, std::ostream& out) : rewards_(rewards), as_json_(as_json), out_(out) {}

  void add(SampleRow row, size_t number) {
    const bool is_same = !group_.empty() && !row.prompt.empty() && row.prompt == group_.back().prompt;
    if (!is_same || group_.size() == kMaxGroup) flush();
    group_.push_back(std::move(row));
    numbers_.push_back(number);
  }

  void flush() {
    std::vector<Sample> samples;
    for (const SampleRow& row : group_) samples.push_back(row.sample());
    for (size_t i = 0; CombinedScore& score : rewards_.score_batch(samples)) {
      const size_t number = numbers_[i++];
      if (as_json_) {
        out_ << row_json(rewards_, number, score).dump() << "\n";
      } else {
        print_row(rewards_, number, score, out_);
      }
      scores.push_back(std::move(score));
    }
    group_.clear();
    numbers_.clear();
  }

  std::vector<CombinedScore> scores;

 private:
  const Combined& rewards_;
  bool as_json_;
  std::ostream& out_;
  std::deque<SampleRow> group_;
  std::vector<size_t> numbers_;
};

}  // namespace

void score_file(const Combined& rewards, const std::string& path, bool as_json, std::ostream& out, std::ostream& summary) {
  FileScorer scorer(rewards, as_json, out);
  base::for_each_line(path, [&](std::string_view line, size_t number) {
    const std::string where = cat(path, ":", number);
    if (!base::trim(line).empty()) scorer.add(read_sample_row(base::parse_json(line, where), where), number);
  });
  scorer.flush();
  if (scorer.scores.empty()) throw Error("the file has no rows", path, "write one JSON object a line");
  if (!as_json) out << "\n";
  print_summary(rewards, scorer.scores, as_json ? summary : out);
}

}  // namespace lockstep::rewards::tools
