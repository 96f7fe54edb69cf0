// SPDX-License-Identifier: Apache-2.0
// A reward model: the trunk of a language model with a scalar head, as Hugging Face's ...ForSequenceClassification of one label.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/transformer.h"

namespace lockstep::model {

// The config of a reward model with the trunk of a language model: no lm_head, no MTP modules. A padding token that also ends a
// text is forgotten: transformers scores the last token that is no padding, which would then be the one before the end.
ModelConfig reward_model_config(ModelConfig language_model);

// The trunk of a language model under a new head, score.weight from normal(0, initializer_range) by `seed`.
Transformer begin_reward_model(const OpenModel& language_model, const TransformerOptions& options, uint64_t seed);

// score.weight . h at each of `rows` [S] i64 of the batch, h being the hidden state after the final norm: [S] f32, differentiable.
// One f32 chain per score whatever the weights' dtype (transformers rounds to bf16 where the model is bf16), so a score depends on
// its own sequence alone. Sequences end at their last token, the one that ends the text included.
Tensor reward_scores(const Transformer& reward_model, const Batch& batch, const Tensor& rows);

// How many of `ids` there are up to the last one that is not `pad`, the token that transformers scores; 0 where there is none.
size_t length_without_padding(const std::vector<TokenId>& ids, const std::optional<int64_t>& pad);

}  // namespace lockstep::model
