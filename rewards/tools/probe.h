// SPDX-License-Identifier: Apache-2.0
// `lockstep reward probe`: a lint that asks a reward what it pays for texts that deserve nothing.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "rewards/combined.h"
#include "rewards/tools/sample_row.h"

namespace lockstep::rewards::tools {

// A text that does not answer, or answers several things at once, or only inside its thoughts.
struct ProbeText {
  std::string name;
  std::string completion;
};

// The row's texts, made from its prompt and its gold answer (column `answer`, what follows "####" in it, or
// reward_model.ground_truth). Deterministic; a few are a megabyte long.
std::vector<ProbeText> probe_texts(const SampleRow& row);

// What honest models write, in some common forms; the right answer, or a wrong one.
std::vector<std::string> honest_texts(const SampleRow& row, bool is_right);

// The row that is used when the user gives none: a sum with its answer in the columns of TRL and of verl.
SampleRow default_probe_row();

struct ProbeResult {
  std::string name;
  Score score;               // of the row where it paid most
  double honest_wrong = 0;   // what a wrong answer in the right form gets there
  bool pays = false;         // more than that, by 1e-9
  bool is_unstable = false;  // another value the second time
  double seconds = 0;        // of the slowest row
};

struct ProbeReport {
  double honest_right = 0, honest_wrong = 0;  // means over the rows, of the best of some common forms
  std::vector<ProbeResult> results;           // in the order of probe_texts
  int num_findings = 0;                       // of texts that pay, fail, are slow or unstable
};

inline constexpr double kSlowProbe_s = 0.25;

ProbeReport probe(const Combined& rewards, const std::vector<SampleRow>& rows);

// A line for every text, findings marked; or as JSON, one object per text.
void print_report(const ProbeReport& report, bool as_json, std::ostream& out);

}  // namespace lockstep::rewards::tools
