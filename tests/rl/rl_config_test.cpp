// SPDX-License-Identifier: Apache-2.0
// The config structs of rl: every member is visited, documented and survives dump and load.
#include "rl/advantage.h"
#include "rl/checkpoint.h"
#include "rl/dynamic_sampling_config.h"
#include "rl/loss_config.h"
#include "rl/optimizer.h"
#include "rl/pipeline/evaluate_models.h"
#include "rl/pipeline/pipeline_config.h"
#include "rl/pipeline/rewrite_stage.h"
#include "rl/pipeline/sample.h"
#include "rl/schedule.h"

#include <doctest/doctest.h>

namespace lockstep {

TEST_CASE_TEMPLATE("rl config: every member is visited, every field has a meaning, load(dump) gives the same back",
                   Config,
                   rl::AdvantageConfig,
                   rl::DynamicSamplingConfig,
                   rl::LossConfig,
                   rl::OptimizerConfig,
                   rl::RetentionConfig,
                   rl::pipeline::EvaluateStage,
                   rl::pipeline::ModelConfig,
                   rl::pipeline::PipelineFile,
                   rl::pipeline::RewriteStage,
                   rl::pipeline::SampleStage,
                   rl::pipeline::StageEntry,
                   rl::pipeline::Suite,
                   rl::ScheduleConfig) {
  CHECK(base::visited<Config>() == base::arity<Config>());
  for (const base::FieldDoc& field : base::field_docs<Config>()) {
    CAPTURE(field.path);
    CHECK(!field.meaning.empty());
  }
  Config config;
  const base::Json json = base::dump(config);
  base::load(json, config);
  CHECK(base::dump(config) == json);
}

}  // namespace lockstep
