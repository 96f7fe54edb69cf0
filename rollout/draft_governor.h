// SPDX-License-Identifier: Apache-2.0
// Whether drafting pays, found out by doing it: tokens per second with and without, for batches of each size.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace lockstep::rollout {

// Drafts pay where a step waits for the weights (few sequences) and cost where it computes (many). For each batch size, by
// powers of two, both ways are timed over the first steps, the faster one is kept, and the other is tried again now and
// then. Only speed follows from the clock: drafts change no completion.
class DraftGovernor {
 public:
  // Whether the samples of a batch of so many sequences are to be given drafts for their next step.
  bool wants_drafts(int64_t num_sequences) const;
  // A step of decode only: it verified drafts, or there were to be none.
  void record(int64_t num_sequences, bool has_drafts, double seconds, int64_t new_tokens);

 private:
  struct Timed {
    int64_t steps = 0;
    double seconds = 0, tokens = 0;  // weighted: older steps fade
    double rate() const { return tokens / seconds; }
  };
  struct Bucket {
    Timed with, without;
    int64_t steps = 0;
  };
  static constexpr int kBuckets = 24;
  static size_t bucket_of(int64_t num_sequences);

  std::array<Bucket, kBuckets> buckets_{};
};

}  // namespace lockstep::rollout
