// SPDX-License-Identifier: Apache-2.0
// The reference model of the KL term: a frozen copy of the policy, replaced by it or moved towards it every n steps.
#pragma once

#include <memory>

#include "model/transformer.h"
#include "rl/run_config.h"

namespace lockstep::rl {

class Stage;

class ReferenceModel {
 public:
  // With beta 0 nothing is kept. The copy belongs to the stage's checkpoints: a resumed run has the reference it had.
  ReferenceModel(const model::Transformer& policy, const GrpoConfig& config, Stage& stage);
  // The policy as the stage finds it, for good.
  ReferenceModel(const model::Transformer& policy, Stage& stage);
  const model::Transformer* get() const { return copy_.get(); }
  // R1 replaces the reference by the policy every 400 steps (Nature 645, 633, Methods). With ref_model_mixup_alpha
  // below 1 it becomes alpha pi + (1 - alpha) pi_ref, weight by weight in f32, rounded once to the weights' dtype (TR-DPO,
  // arXiv:2404.09656; every step with a small alpha: an exponential moving average).
  void refresh_if_due(int64_t steps_done);

 private:
  void make_copy(Stage& stage);
  void copy_weights();
  void mix_weights();

  const model::Transformer& policy_;
  int64_t sync_steps_ = 0;
  double alpha_ = 1;
  std::unique_ptr<model::Transformer> copy_;
};

}  // namespace lockstep::rl
