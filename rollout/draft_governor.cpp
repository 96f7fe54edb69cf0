// SPDX-License-Identifier: Apache-2.0
// Rates by batch size, and when the slower way is tried again.
#include "rollout/draft_governor.h"

#include <algorithm>
#include <bit>

namespace lockstep::rollout {
namespace {

constexpr int64_t kFirstSteps = 6;     // of each way, before one is preferred
constexpr int64_t kRetryEvery = 256;   // steps of a bucket ...
constexpr int64_t kRetrySteps = 4;     // ... of which so many go the other way
constexpr double kFading = 0.9;        // weight of the past at each step: the last ten or so count

}  // namespace

size_t DraftGovernor::bucket_of(int64_t num_sequences) {
  return std::min<size_t>(kBuckets - 1, static_cast<size_t>(std::bit_width(static_cast<uint64_t>(std::max<int64_t>(1, num_sequences))) - 1));
}

bool DraftGovernor::wants_drafts(int64_t num_sequences) const {
  const Bucket& bucket = buckets_[bucket_of(num_sequences)];
  if (bucket.without.steps < kFirstSteps) return false;
  if (bucket.with.steps < kFirstSteps) return true;
  const bool is_better = bucket.with.rate() > bucket.without.rate();
  return bucket.steps % kRetryEvery < kRetrySteps ? !is_better : is_better;
}

void DraftGovernor::record(int64_t num_sequences, bool has_drafts, double seconds, int64_t new_tokens) {
  Bucket& bucket = buckets_[bucket_of(num_sequences)];
  ++bucket.steps;
  Timed& timed = has_drafts ? bucket.with : bucket.without;
  ++timed.steps;
  timed.seconds = kFading * timed.seconds + seconds;
  timed.tokens = kFading * timed.tokens + static_cast<double>(new_tokens);
}

}  // namespace lockstep::rollout
