// SPDX-License-Identifier: Apache-2.0
// Low-rank adapters (LoRA, arXiv:2106.09685) of a policy whose weights are always the merged ones.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/config.h"
#include "model/transformer.h"

namespace lockstep::rl {

struct LoraConfig {
  int64_t r = 0;
  double lora_alpha = 16;
  bool use_rslora = false;
  std::vector<std::string> target_modules = {"all-linear"};

  void visit(auto&& field) {
    field("r", r, "rank of the adapters; 0: full fine-tuning", between(0, 4096));
    field("lora_alpha", lora_alpha, "the adapters' product is multiplied by lora_alpha / r", above(0));
    field("use_rslora", use_rslora, "by lora_alpha / sqrt(r) instead (arXiv:2312.03732)");
    field("target_modules", target_modules,
          "ends of the modules' Hugging Face names, as q_proj, experts.3.up_proj or lm_head; all-linear: every linear layer but "
          "routers and lm_head");
  }
};

// A linear module of the model: a piece of a parameter.
struct LoraTarget {
  size_t parameter;  // its place in the layout
  model::Piece piece;
  int64_t columns;   // of the matrix, its inputs; piece.rows are its outputs
  std::string module() const;  // e.g. model.layers.0.self_attn.q_proj
};
// The modules that get adapters, in the order of `layout`. Error: a target that no module's name ends with.
std::vector<LoraTarget> lora_targets(const std::vector<model::Parameter>& layout, const LoraConfig& config);
int64_t count_lora_parameters(const std::vector<model::Parameter>& layout, const LoraConfig& config);

// W = W0 + s B A with s = lora_alpha / r (eq. 3), A [r, in] and B [out, r] in f32, W rounded once to the model's dtype: the
// policy's own weights are the merged ones, for sampler, learner and export alike, so that a merged model has the very bits
// that were trained. The gradient of W is computed as in full fine-tuning and then projected: dA = s B^T dW, dB = s dW A^T. What
// the adapters save is the optimizer's state and the size of what is shared; B begins as zeros, A uniform within 1 / sqrt(in).
class Lora {
 public:
  // The policy's present weights become W0. Errors: those of lora_targets.
  Lora(model::Transformer& policy, const LoraConfig& config, uint64_t seed);

  // PEFT's names, base_model.model.MODULE.lora_A.weight and lora_B; leaves, f32, in the order of the model's layers.
  const std::vector<model::NamedTensor>& parameters() const { return parameters_; }
  // For each of parameters(): the place in the policy's of the one it adapts.
  std::vector<size_t> adapted() const;
  // Whether the policy's parameter of this index has adapters, and so needs a gradient.
  bool trains(size_t parameter) const;

  // Moves the policy's gradients into those of A and B.
  void project_gradients();
  // The policy's weights from W0, A and B as they are now.
  void merge();

  // A folder as PEFT reads it: adapter_config.json and adapter_model.safetensors. `base_model`: path or name, for its config.
  void save_adapter(const std::string& folder, const std::string& base_model) const;
  // A and B, as parameters() names them; then merges. Error: a tensor is missing or has another shape.
  void load(const model::TensorSource& source);

 private:
  struct Site {
    LoraTarget target;
    Tensor base;  // [out, in], W0
    size_t a, b;  // in parameters_
  };

  void add_site(const LoraTarget& target, uint64_t seed);
  Tensor weight_of(const Site& site) const;  // of the policy

  model::Transformer& policy_;
  LoraConfig config_;
  double scale_;
  std::vector<Site> sites_;
  std::vector<model::NamedTensor> parameters_;
};

}  // namespace lockstep::rl
