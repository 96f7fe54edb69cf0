// SPDX-License-Identifier: Apache-2.0
// The synthetic pre-training corpus of the tiny R1-Zero runs: sums in many forms, right and wrong, plus noise
// text.
//
// A model trained on it can already write tags, guesses, worked steps and "wait", each in a fixed share of
// its answers; reinforcement learning then has something to re-weight. Sums that the eval split of chain_sum
// holds out never occur as a prompt; their one-step facts may. In two languages, some of its responses mix them, as
// R1-Zero did, so that a reward for one language has something to re-weight, too.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/config.h"

namespace lockstep::rewards {

struct CorpusOptions {
  std::string mix = "C";
  int min_terms = 4;
  int max_terms = 6;
  std::vector<std::string> languages = {};
  double language_mixing = 0;
  double follow_share = 0;
  void visit(auto&& field) {
    field("mix", mix, "shares of the document forms; C holds no tagged steps without a guess",
          base::one_of({"A", "B", "C"}));
    field("min_terms", min_terms, "fewest terms of a sum", base::between(2, 32));
    field("max_terms", max_terms, "most terms of a sum", base::between(2, 32));
    field("languages", languages,
          "of the documents, equally often, and with a word before each step of a chain; empty: English, with few words",
          base::one_of({"en", "zh"}));
    field("language_mixing", language_mixing,
          "share of the responses with words that leave the language of their prompt: from the start, or in the middle",
          base::between(0, 1));
    field("follow_share", follow_share, "share of documents that carry out an instruction on words (task `follow`)",
          base::between(0, 1));
  }
};

// (form, weight) of a mix, weights relative: facts, text, texttag, direct, worked, tagdirect, tagguess,
// tagsteps, broken. Error for an unknown mix.
const std::vector<std::pair<std::string, double>>& corpus_mix(std::string_view mix);

// Document `index`, without the end-of-text token. A pure function of its arguments. Error for options out of
// range.
std::string corpus_document(const CorpusOptions& options, uint64_t seed, uint64_t index);

// The form of that document, one of the names in corpus_mix, or follow.
std::string corpus_form(const CorpusOptions& options, uint64_t seed, uint64_t index);

}  // namespace lockstep::rewards
