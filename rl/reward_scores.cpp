// SPDX-License-Identifier: Apache-2.0
// Packing with a token more, and the rows that are scored.
#include "rl/reward_scores.h"

#include <ATen/core/Tensor.h>

#include "kernels/index_tensor.h"

namespace lockstep::rl {

std::vector<MicroBatch> pack_for_scores(const std::vector<PackRow>& rows, const std::optional<int64_t>& pad, const PackingOptions& options) {
  // `pack` computes nothing behind the last token, and the last token of a completion predicts nothing. With any one token behind the
  // completion, which is never computed, the row that would predict it is that of the token to be scored.
  std::vector<std::vector<TokenId>> completions;
  for (const auto& row : rows) {
    const auto& ids = *row.completion;
    auto& longer = completions.emplace_back(ids.begin(), ids.begin() + static_cast<ptrdiff_t>(model::length_without_padding(ids, pad)));
    longer.push_back(0);
  }
  std::vector<PackRow> longer_rows = rows;
  for (size_t i = 0; i < rows.size(); ++i) longer_rows[i].completion = &completions[i];
  return pack(longer_rows, options);
}

Tensor micro_scores(const model::Transformer& reward_model, const MicroBatch& micro) {
  std::vector<int64_t> lasts;
  for (size_t s = 1; s < micro.sample_offsets.size(); ++s) lasts.push_back(micro.sample_offsets[s] - 1);
  const auto rows = micro.rows.index_select(0, kernels::index_tensor(lasts, micro.rows.device()));
  return model::reward_scores(reward_model, micro.batch, rows);
}

}  // namespace lockstep::rl
