// SPDX-License-Identifier: Apache-2.0
// `lockstep data decontaminate`: training rows that share an n-gram with an evaluation set are left out.
#pragma once

#include <string>
#include <vector>

#include "base/config.h"

namespace lockstep::rewards::data {

struct DecontaminateOptions {
  size_t ngram = 10;
  std::vector<std::string> fields = {"all"};          // of training rows, see field_text.h
  std::vector<std::string> eval_fields = {"prompt"};  // of evaluation rows; a row is looked for by each of them
  // An n-gram that more evaluation rows than this have is a template ("let us think step by step ..."), not a problem; 0: all count.
  size_t max_eval_rows = 0;
  void visit(auto&& field) {
    field("ngram", ngram, "words", base::between(1, 1000));
    field("fields", fields, "texts of training rows that are looked at: prompt, completion, all, or a column");
    field("eval_fields", eval_fields, "texts of evaluation rows, each looked for by itself");
    field("max_eval_rows", max_eval_rows, "an n-gram of more evaluation rows is a template and does not count; 0: all count");
  }
};

struct DecontaminateReport {
  struct Hit {
    std::string row, eval_row, ngram;  // where the two rows stand, and what they share
  };
  struct EvalFile {
    std::string path;
    size_t num_rows = 0;
    size_t num_short = 0;  // texts with fewer than 3 words: not looked for
    size_t num_hit = 0;    // rows that a training row shares something with
  };
  size_t rows_in = 0, rows_out = 0;
  std::vector<EvalFile> eval_files = {};
  std::vector<Hit> hits = {};  // at most kMaxHits, and 16 of one training row, in order
  size_t num_hits = 0;         // pairs of rows
  std::vector<std::pair<std::string, size_t>> shared = {};  // n-grams of many evaluation rows: what templates look like

  base::Json json() const;
  std::string text() const;
};
inline constexpr size_t kMaxHits = 100'000;

// Writes the rows of the inputs that are clean, in order and byte for byte. Error when an evaluation file has no rows.
DecontaminateReport decontaminate(const std::vector<std::string>& inputs, const std::vector<std::string>& against,
                                  const std::string& output, const DecontaminateOptions& options);

}  // namespace lockstep::rewards::data
