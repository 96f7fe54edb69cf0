// SPDX-License-Identifier: Apache-2.0
// Which sequences share a chunk: Best-Fit Decreasing, and First-Fit to compare it with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace lockstep::rl {

// Best-Fit Decreasing (Ding et al., "Fewer Truncations Improve Language Modeling", arXiv:2404.10830, section 3): the longest first,
// each into the chunk whose room is the least that suffices, of several the one that has had it longest; a new chunk where there is none.
// Equal lengths keep their order. So are the chunks, and the order within and among them, those of TRL 1.16's pack_dataset(strategy="bfd")
// on one batch. Numbers of `lengths`, each once. Lengths are 1 .. capacity. O(n log capacity).
std::vector<std::vector<size_t>> best_fit_decreasing(const std::vector<uint32_t>& lengths, uint32_t capacity);

// How many chunks First-Fit makes of them: in their order, each into the first chunk that has room. O(n log n).
size_t first_fit_count(const std::vector<uint32_t>& lengths, uint32_t capacity);

}  // namespace lockstep::rl
