// SPDX-License-Identifier: Apache-2.0
// N-grams by hash, the latest place of each.
#include "rollout/lookup_drafter.h"

#include <algorithm>

namespace lockstep::rollout {
namespace {

constexpr size_t kLongest = 3, kShortest = 2;

// Of the n tokens before `end`. Two n-grams with one key give a wrong guess at worst.
uint64_t key_of(const std::vector<TokenId>& text, size_t end, size_t n) {
  uint64_t key = n;
  for (size_t i = end - n; i < end; ++i) key = (key ^ static_cast<uint32_t>(text[i])) * 0x9e3779b97f4a7c15u + 1;
  return key;
}

}  // namespace

NgramIndex::NgramIndex(const std::vector<TokenId>& prompt) : prompt_length_(prompt.size()), texts_{prompt} { enter(0, 0); }

// Enters the n-grams whose following token is at `begin` or later.
void NgramIndex::enter(int32_t text, size_t begin) {
  const auto& ids = texts_[static_cast<size_t>(text)];
  for (size_t next = std::max(begin, kShortest); next < ids.size(); ++next)
    for (size_t n = kShortest; n <= std::min(kLongest, next); ++n)
      places_[key_of(ids, next, n)] = {text, static_cast<int32_t>(next)};
}

void NgramIndex::extend(int index, const std::vector<TokenId>& ids) {
  const auto [it, is_new] = text_of_.try_emplace(index, static_cast<int32_t>(texts_.size()));
  if (is_new) {  // with the end of the prompt before it, so that n-grams reach over
    const auto& prompt = texts_.front();
    texts_.emplace_back(prompt.end() - static_cast<int64_t>(std::min(prompt_length_, kLongest)), prompt.end());
  }
  auto& text = texts_[static_cast<size_t>(it->second)];
  const size_t before = std::min(prompt_length_, kLongest), known = text.size();
  text.insert(text.end(), ids.begin() + static_cast<int64_t>(known - before), ids.end());
  enter(it->second, known);
}

std::vector<TokenId> NgramIndex::guess(int index, int64_t count) const {
  const auto& text = texts_[static_cast<size_t>(text_of_.at(index))];
  for (size_t n = std::min(kLongest, text.size()); n >= kShortest; --n) {
    const auto found = places_.find(key_of(text, text.size(), n));
    if (found == places_.end()) continue;
    const auto& from = texts_[static_cast<size_t>(found->second.text)];
    const auto begin = from.begin() + found->second.next;
    return {begin, begin + std::min<int64_t>(count, from.end() - begin)};
  }
  return {};
}

NgramIndex& LookupDrafter::index_of(const PromptGroup& group) {
  return indices_.try_emplace(&group, *group.prompt).first->second;
}

void LookupDrafter::propose(const PromptGroup& group, Sample& sample) {
  if (sample.is_finished) return;
  auto& index = index_of(group);
  index.extend(sample.index, sample.completion.ids);
  sample.drafts = index.guess(sample.index, num_tokens_);
}

void LookupDrafter::propose(const Step& step, const Tensor&) {
  for (const Chunk& chunk : step.chunks) {
    if (!chunk.draws) continue;
    PromptGroup& group = *chunk.sequence->group;
    if (chunk.sequence->sample)
      propose(group, *chunk.sequence->sample);
    else
      for (Sample& sample : group.samples) propose(group, sample);
  }
}

void LookupDrafter::finish(const PromptGroup& group, const Sample& sample) {
  const auto found = indices_.find(&group);
  if (found == indices_.end()) return;  // drafting has been off
  if (std::all_of(group.samples.begin(), group.samples.end(), [](const Sample& s) { return s.is_finished; }))
    indices_.erase(found);
  else
    found->second.extend(sample.index, sample.completion.ids);
}

}  // namespace lockstep::rollout
