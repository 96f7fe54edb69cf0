// SPDX-License-Identifier: Apache-2.0
// Scoring the texts of the probe against what honest answers get.
#include "rewards/tools/probe.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <ostream>

#include "base/text.h"
#include "rewards/text_metrics.h"

namespace lockstep::rewards::tools {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kTolerance = 1e-9;

CombinedScore score_text(const Combined& rewards, const SampleRow& row, const std::string& completion) {
  SampleRow copy = row;
  copy.completion = completion;
  copy.ids.clear();
  copy.num_tokens = count_words(completion);
  return rewards.score(copy.sample());
}

// The best that honest texts get; nothing counts as 0.
double honest(const Combined& rewards, const SampleRow& row, bool is_right) {
  std::optional<double> best;
  for (const std::string& text : honest_texts(row, is_right)) {
    const CombinedScore score = score_text(rewards, row, text);
    if (score.status == Status::ok) best = std::max(best.value_or(score.value), score.value);
  }
  return best.value_or(0);
}

Score as_score(const CombinedScore& combined) {
  Score score{.status = combined.status, .value = combined.value};
  for (const Score& part : combined.parts) {
    if (score.detail.empty() && part.status == combined.status) score.detail = part.detail;
  }
  return score;
}

ProbeResult try_text(const Combined& rewards, const SampleRow& row, const ProbeText& text, double honest_wrong) {
  const auto start = Clock::now();
  const CombinedScore first = score_text(rewards, row, text.completion);
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  const CombinedScore second = score_text(rewards, row, text.completion);
  return {.name = text.name,
          .score = as_score(first),
          .honest_wrong = honest_wrong,
          .pays = first.status == Status::ok && first.value > honest_wrong + kTolerance,
          .is_unstable = first.status != second.status || first.value != second.value,
          .seconds = seconds};
}

// Of two rows' results the one that says more: failures first, then what was paid above the honest wrong answer.
void keep_worse(ProbeResult& kept, ProbeResult other) {
  const auto rank = [](const ProbeResult& result) {
    const bool has_failed = result.score.status == Status::error || result.score.status == Status::timeout;
    return std::pair(has_failed, result.score.value - result.honest_wrong);
  };
  other.is_unstable = other.is_unstable || kept.is_unstable;
  const double seconds = std::max(kept.seconds, other.seconds);
  const bool is_unstable = other.is_unstable;
  if (rank(other) > rank(kept)) kept = std::move(other);
  kept.seconds = seconds;
  kept.is_unstable = is_unstable;
}

std::string finding(const ProbeResult& result) {
  if (result.score.status == Status::error) return "FAILS";
  if (result.score.status == Status::timeout) return "HANGS";
  if (result.pays) return "PAYS";
  if (result.is_unstable) return "CHANGES";
  return result.seconds > kSlowProbe_s ? "SLOW" : "";
}

}  // namespace

ProbeReport probe(const Combined& rewards, const std::vector<SampleRow>& rows) {
  ProbeReport report;
  const auto count = static_cast<double>(rows.size());
  for (const SampleRow& row : rows) {
    const double wrong = honest(rewards, row, false);
    report.honest_right += honest(rewards, row, true) / count;
    report.honest_wrong += wrong / count;
    for (size_t i = 0; const ProbeText& text : probe_texts(row)) {
      ProbeResult result = try_text(rewards, row, text, wrong);
      if (i == report.results.size()) {
        report.results.push_back(std::move(result));
      } else {
        keep_worse(report.results[i], std::move(result));
      }
      ++i;
    }
  }
  for (const ProbeResult& result : report.results) report.num_findings += finding(result).empty() ? 0 : 1;
  return report;
}

void print_report(const ProbeReport& report, bool as_json, std::ostream& out) {
  for (const ProbeResult& result : report.results) {
    const Score& score = result.score;
    if (as_json) {
      out << base::Json{{"probe", result.name},
                        {"status", status_name(score.status)},
                        {"value", score.status == Status::ok ? base::Json(score.value) : base::Json(nullptr)},
                        {"honest_wrong", result.honest_wrong},
                        {"finding", finding(result)},
                        {"detail", base::repair_utf8(score.detail)},
                        {"seconds", result.seconds}}
                 .dump()
          << "\n";
      continue;
    }
    const std::string value = score.status == Status::ok ? base::fixed(score.value, 3) : status_name(score.status);
    out << value << std::string(9 - std::min<size_t>(8, value.size()), ' ') << result.name;
    if (const std::string what = finding(result); !what.empty()) {
      out << "  " << what << " (" << (what == "SLOW" ? base::fixed(result.seconds, 2) + " s" : base::printable(score.detail).substr(0, 200)) << ")";
    }
    out << "\n";
  }
  if (as_json) return;
  out << "\nhonest right " << base::fixed(report.honest_right, 3) << "  honest wrong " << base::fixed(report.honest_wrong, 3)
      << "  findings " << report.num_findings << "\n";
  if (report.honest_right <= report.honest_wrong + kTolerance) out << "a right answer gets no more than a wrong one\n";
}

}  // namespace lockstep::rewards::tools
