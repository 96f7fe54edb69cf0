// SPDX-License-Identifier: Apache-2.0
// The copy for the KL term.
#include "rl/reference_model.h"

#include <c10/core/GradMode.h>

#include "rl/stage.h"

namespace lockstep::rl {

ReferenceModel::ReferenceModel(const model::Transformer& policy, const GrpoConfig& config, Stage& stage)
    : policy_(policy), sync_steps_(config.ref_model_sync_steps), alpha_(config.ref_model_mixup_alpha) {
  if (config.loss.beta != 0) make_copy(stage);
}

ReferenceModel::ReferenceModel(const model::Transformer& policy, Stage& stage) : policy_(policy) { make_copy(stage); }

void ReferenceModel::make_copy(Stage& stage) {
  copy_ = std::make_unique<model::Transformer>(policy_.config(), policy_.options());
  copy_weights();
  stage.attach("reference", copy_.get());
}

void ReferenceModel::refresh_if_due(int64_t steps_done) {
  if (!copy_ || sync_steps_ == 0 || steps_done % sync_steps_ != 0) return;
  if (alpha_ == 1)
    copy_weights();
  else
    mix_weights();
}

void ReferenceModel::copy_weights() {
  const c10::NoGradGuard no_grad;
  for (size_t i = 0; i < copy_->parameters().size(); ++i)
    copy_->parameters()[i].value.copy_(policy_.parameters()[i].value);
}

// Products and a sum apart: torch's add with a factor may fuse them on one processor and not on another.
void ReferenceModel::mix_weights() {
  const c10::NoGradGuard no_grad;
  for (size_t i = 0; i < copy_->parameters().size(); ++i) {
    auto& reference = copy_->parameters()[i].value;
    const auto kept = reference.to(at::kFloat).mul(1 - alpha_), moved = policy_.parameters()[i].value.to(at::kFloat).mul(alpha_);
    reference.copy_(kept.add(moved));
  }
}

}  // namespace lockstep::rl
