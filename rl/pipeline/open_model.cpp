// SPDX-License-Identifier: Apache-2.0
// Opening a model for sampling.
#include "rl/pipeline/open_model.h"

namespace lockstep::rl::pipeline {
namespace {

RunConfig as_run(const ModelConfig& config) {
  RunConfig run;
  run.model.path = config.path;
  run.model.dtype = config.dtype;
  run.device = config.device;
  run.kernels = config.kernels;
  return run;
}

}  // namespace

OpenModel::OpenModel(const ModelConfig& config)
    : policy(make_policy(as_run(config), "")), pool(base::default_num_threads()), engine(policy.transformer, policy.tokenizer.get(), config.engine, pool) {}

}  // namespace lockstep::rl::pipeline
