// SPDX-License-Identifier: Apache-2.0
// The model that a run trains: opened from a path, or made new with a tokenizer learned from its pre-training text.
#pragma once

#include <memory>

#include "model/transformer.h"
#include "rl/run_config.h"

namespace lockstep::rl {

struct Policy {
  model::Transformer transformer;
  std::shared_ptr<const model::Tokenizer> tokenizer;
};

// `tokenizer_folder`: where a new tokenizer is kept; if it is there already it is used, so that ids never change under a
// run. Errors: a model without tokenizer, a new model without pre-training text, those of the files.
Policy make_policy(const RunConfig& config, const std::string& tokenizer_folder);

// Puts the source's rope_scaling and max_position_embeddings in place of the file's. Positions beyond the trained length are the
// user's to ask for. Errors: those of a config.json, at /model.
void override_context(const ModelSource& source, model::OpenModel& files);

// How the config wants models to be held; sets the process's kernels as it says. Error: device cuda where there is none.
model::TransformerOptions transformer_options(const RunConfig& config);

}  // namespace lockstep::rl
