// SPDX-License-Identifier: Apache-2.0
// Prompt-lookup drafting: what followed the last time these tokens stood in the prompt, or in any sample of its group.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "rollout/drafter.h"

namespace lockstep::rollout {

// Places of the 3- and 2-grams of one group's texts.
class NgramIndex {
 public:
  explicit NgramIndex(const std::vector<TokenId>& prompt);

  // Sample `index` of the group has these tokens by now; they only grow.
  void extend(int index, const std::vector<TokenId>& ids);
  // Up to `count` tokens that followed where the sample's last three, else two, tokens stood most recently.
  std::vector<TokenId> guess(int index, int64_t count) const;

 private:
  struct Place {
    int32_t text;  // 0: the prompt, 1 + n: the n-th sample that was extended, its prompt's end before it
    int32_t next;  // the token after the n-gram
  };
  void enter(int32_t text, size_t begin);

  size_t prompt_length_;
  std::vector<std::vector<TokenId>> texts_;
  std::unordered_map<int, int32_t> text_of_;  // by sample
  std::unordered_map<uint64_t, Place> places_;
};

class LookupDrafter final : public Drafter {
 public:
  // Guesses `num_tokens` at most.
  explicit LookupDrafter(int64_t num_tokens) : num_tokens_(num_tokens) {}
  void propose(const Step& step, const Tensor& hidden) override;
  void skip(const Step&) override {}
  void finish(const PromptGroup& group, const Sample& sample) override;

 private:
  NgramIndex& index_of(const PromptGroup& group);
  void propose(const PromptGroup& group, Sample& sample);

  int64_t num_tokens_;
  std::unordered_map<const PromptGroup*, NgramIndex> indices_;
};

}  // namespace lockstep::rollout
