// SPDX-License-Identifier: Apache-2.0
// The one forward definition of every family, for rollout and learner alike.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kernels/experts.h"
#include "kernels/rope.h"
#include "kernels/router.h"
#include "model/batch.h"
#include "model/model_config.h"
#include "model/parameters.h"

namespace lockstep::model {

// What forward passes tell of their routing, per mixture layer (MTP's last).
struct RoutingStats {
  std::vector<Tensor> counts;   // [E] i64, slots routed to each expert: added to by every pass
  bool keeps_experts = false;   // ask for `experts`
  std::vector<Tensor> experts;  // [N, K] i64 of the last pass that ran the layer, best first
  bool keeps_logits = false;    // ask for `logits`; not under gradient checkpointing
  std::vector<Tensor> logits;   // [N, E] f32 of the last pass, differentiable
  void add(const RoutingStats& other);
};

struct TransformerOptions {
  at::ScalarType dtype = at::kFloat;  // f32 | bf16: storage of weights and activations; norms, router, softmax are f32
  at::Device device = at::kCPU;
};

class Transformer {
 public:
  // Allocates the parameters; values are undefined until init_parameters or load_parameters.
  Transformer(ModelConfig config, const TransformerOptions& options);
  // Shares the storage of `other`'s values but has leaves and gradients of its own: one per learner shard.
  static Transformer replica(const Transformer& other);
  Transformer(Transformer&&) noexcept;
  Transformer& operator=(Transformer&&) noexcept;
  ~Transformer();

  const ModelConfig& config() const;
  const TransformerOptions& options() const;
  std::vector<Parameter>& parameters();
  const std::vector<Parameter>& parameters() const;
  void set_requires_grad(bool requires_grad);
  // Passes with gradients keep the values between layers only, and compute those within a layer again on the way back
  // (model/recompute.h): the same bits for a third more work.
  void set_gradient_checkpointing(bool is_on);

  // Hidden states after the final norm, [N, D]. `cache` null: the batch's own keys. Thread-safe as long as no parameter
  // changes meanwhile and each thread has its own cache.
  Tensor forward(const Batch& batch, KvCache* cache = nullptr, RoutingStats* stats = nullptr) const;

  // DeepSeek-V3's first MTP module (arXiv:2412.19437 eq. 21-23): from the hidden states h_i of `forward` and the next
  // token's id t_{i+1} [N] the states that predict t_{i+2} through the same head. The batch is the one of `forward`;
  // rows whose sequence has no next token hold any id and give states to be ignored. Needs num_nextn_predict_layers >= 1,
  // and a `cache`, if given, a layer for it (make_kv_cache). `detach_embedding`: the embedding of next_ids gets no gradient.
  Tensor forward_mtp(const Batch& batch,
                     const Tensor& hidden,
                     const Tensor& next_ids,
                     RoutingStats* stats = nullptr,
                     KvCache* cache = nullptr,
                     bool detach_embedding = false) const;

  const kernels::RouterOptions& router() const;
  const Tensor& head() const;  // [V, D]; the embedding when tied; a reward model's score.weight [1, D]
  const kernels::Weight& head_weight() const;

  // Rearranges the weights for many forward passes without gradients, until drop_packed: between the two they must not
  // change. Not during a forward pass.
  void pack(kernels::WeightFormat format = kernels::WeightFormat::exact) const;
  void drop_packed() const;

 private:
  struct Impl;
  explicit Transformer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Loads weights (and their tokenizer, separately) into a new model.
Transformer load_transformer(const OpenModel& model, const TransformerOptions& options);

}  // namespace lockstep::model
