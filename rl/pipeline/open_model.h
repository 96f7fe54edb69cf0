// SPDX-License-Identifier: Apache-2.0
// A model with its engine, for stages that sample from what an earlier stage trained.
#pragma once

#include <memory>
#include <string>

#include "base/config.h"
#include "base/thread_pool.h"
#include "rl/policy.h"
#include "rollout/engine_config.h"
#include "rollout/local_engine.h"

namespace lockstep::rl::pipeline {

// How a model is opened for sampling.
struct ModelConfig {
  std::string path, dtype = "float32", device = "cpu", kernels = "auto";
  rollout::EngineConfig engine;
  void visit(auto&& field) {
    field("path", path, "model folder or .gguf file, e.g. \"@STAGE\"");
    field("dtype", dtype, "storage and compute type", base::one_of({"float32", "bfloat16"}));
    field("device", device, "cpu or cuda", base::one_of({"cpu", "cuda"}));
    field("kernels", kernels, "auto: our own where they exist; portable: torch operations", base::one_of({"auto", "portable"}));
    field("engine", engine, "rollout engine");
  }
};

struct OpenModel {
  Policy policy;
  base::ThreadPool pool;
  rollout::LocalEngine engine;
  explicit OpenModel(const ModelConfig& config);
};

}  // namespace lockstep::rl::pipeline
