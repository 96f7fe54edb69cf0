// SPDX-License-Identifier: Apache-2.0
// The frozen copy for the KL term.
#include "rl/reference_model.h"

#include <c10/core/GradMode.h>

#include "rl/stage.h"

namespace lockstep::rl {

ReferenceModel::ReferenceModel(const model::Transformer& policy, const GrpoConfig& config, Stage& stage)
    : policy_(policy), sync_steps_(config.ref_model_sync_steps) {
  if (config.loss.beta == 0) return;
  copy_ = std::make_unique<model::Transformer>(policy.config(), policy.options());
  copy_weights();
  stage.attach("reference", copy_.get());
}

void ReferenceModel::refresh_if_due(int64_t steps_done) {
  if (copy_ && sync_steps_ > 0 && steps_done % sync_steps_ == 0) copy_weights();
}

void ReferenceModel::copy_weights() {
  const c10::NoGradGuard no_grad;
  for (size_t i = 0; i < copy_->parameters().size(); ++i)
    copy_->parameters()[i].value.copy_(policy_.parameters()[i].value);
}

}  // namespace lockstep::rl
