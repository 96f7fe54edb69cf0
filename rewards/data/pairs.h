// SPDX-License-Identifier: Apache-2.0
// `lockstep data pairs`: scored completions in, pairs of a preferred and a rejected one out.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/config.h"

namespace lockstep::rewards::data {

struct PairsOptions {
  std::string reward = "reward";      // the column with the score; a row whose score is no number has none
  std::string choice = "best_worst";  // one pair a prompt, its best and its worst; or all of them
  double min_difference = 0;          // of the two scores; equal ones are never a pair
  size_t max_per_prompt = 0;          // pairs, drawn at random; 0: no limit
  bool has_margin = true;             // write the difference as the column `margin`
  uint64_t seed = 0;                  // keys the draws, with the prompt
  void visit(auto&& field) {
    field("reward", reward, "the column with the score");
    field("choice", choice, "of a prompt's completions: its best and its worst, or all pairs", base::one_of({"best_worst", "all"}));
    field("min_difference", min_difference, "of the two scores", base::at_least(0));
    field("max_per_prompt", max_per_prompt, "pairs, drawn at random; 0: no limit");
    field("has_margin", has_margin, "write the difference of the scores as the column margin");
    field("seed", seed, "of the draws");
  }
};

struct PairsReport {
  size_t rows_in = 0, num_unscored = 0, num_empty = 0;  // an empty completion is part of no pair
  size_t num_prompts = 0, num_prompts_without = 0;  // with scored rows; of which gave no pair
  size_t num_candidates = 0, num_pairs = 0;         // pairs that might be taken, and were
  double mean_margin = 0, min_margin = 0, max_margin = 0;

  base::Json json() const;
  std::string text() const;
};

// Rows with prompt, completion and a score become {prompt, chosen, rejected, margin}, in the order in which their second rows are read;
// the prompt keeps its form, text or messages. Which pairs there are depends on the rows of the prompt alone, not on other prompts: the
// best, the worst and what max_per_prompt leaves are drawn by (seed, prompt). Two equal completions are no pair, and an empty one is
// part of none, for no trainer takes it. Keeps about 60 bytes of each row, and the completions of pairs whose second row is still to
// come. Reads the files twice: Error when one changed in between; for a row without completion or score; for more than 4096 completions
// of a prompt where all pairs are asked for; no pair.
PairsReport make_pairs(const std::vector<std::string>& inputs, const std::string& output, const PairsOptions& options);

}  // namespace lockstep::rewards::data
