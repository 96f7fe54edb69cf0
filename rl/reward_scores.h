// SPDX-License-Identifier: Apache-2.0
// Sequences packed for a reward model: as rl/packing packs them, and the last token computed too.
#pragma once

#include <optional>
#include <vector>

#include "model/reward_model.h"
#include "rl/packing.h"

namespace lockstep::rl {

// Micro-batches whose last target of each sample hangs on the row of the sample's last token that is not `pad` (its completion may be
// empty: then the prompt's last). Prompts are shared as by `pack`; a score is the same bits either way.
std::vector<MicroBatch> pack_for_scores(const std::vector<PackRow>& rows, const std::optional<int64_t>& pad, const PackingOptions& options);

// The scores of a micro-batch of pack_for_scores: [S] f32, differentiable.
Tensor micro_scores(const model::Transformer& reward_model, const MicroBatch& micro);

}  // namespace lockstep::rl
