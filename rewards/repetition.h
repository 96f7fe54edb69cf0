// SPDX-License-Identifier: Apache-2.0
// The punishment of repeated n-grams, over tokens or words.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/config.h"
#include "rewards/builtin.h"

namespace lockstep::rewards {

// 1 - unique / total over the n-grams of `items`; 0 below n items. Demystifying long CoT, appendix C.2 (arXiv:2502.03373).
// O(items) of memory, O(items log items log n) of time.
double repeated_share(std::span<const int32_t> items, size_t n);

// The words of a text as numbers: equal words, in lower case (ASCII), get equal numbers. Words are separated by white space.
std::vector<int32_t> number_words(std::string_view text);

struct RepetitionConfig {
  int ngram_size = 3;
  double max_penalty = -1;
  std::string unit = "auto";
  void visit(auto&& field) {
    field("ngram_size", ngram_size, "items of an n-gram", base::between(1, 1000));
    field("max_penalty", max_penalty, "the value when all is repeated", base::Range{.high = 0});
    field("unit", unit, "tokens as TRL; words in lower case as open-r1; auto: tokens where they are known",
          base::one_of({"auto", "tokens", "words"}));
  }
};

// max_penalty times the repeated share: 0 without repetition. skip when the unit is tokens and nobody knows them.
class Repetition final : public NamedReward {
 public:
  Repetition(std::string name, RepetitionConfig config) : NamedReward(std::move(name)), config_(std::move(config)) {}
  Score score(const Sample& sample) const override;

 private:
  RepetitionConfig config_;
};

}  // namespace lockstep::rewards
