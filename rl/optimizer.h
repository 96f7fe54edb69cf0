// SPDX-License-Identifier: Apache-2.0
// AdamW with f32 masters and global gradient-norm clipping, with the same bits at any number of threads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/config.h"
#include "base/thread_pool.h"
#include "kernels/tensor.h"
#include "model/checkpoint_io.h"
#include "rl/adamw_update.h"
#include "rl/ranks/tensors.h"

namespace lockstep::rl {

// Parameters with options of their own.
struct ParameterGroup {
  std::vector<std::string> match;
  double lr_scale = 1.0;
  std::optional<double> weight_decay;
  void visit(auto&& field) {
    field("match", match, "parts of parameter names, as embed_tokens or layers.0.; the first group with one that occurs counts");
    field("lr_scale", lr_scale, "the learning rate is multiplied by this; 0: frozen but for its moments", base::at_least(0));
    field("weight_decay", weight_decay, "in place of the optimizer's", base::at_least(0));
  }
};

struct OptimizerConfig {
  double weight_decay = 0.0;
  double adam_beta1 = 0.9;
  double adam_beta2 = 0.999;
  double adam_epsilon = 1e-8;
  double max_grad_norm = 1.0;
  std::vector<std::string> no_decay = {"norm", "bias"};
  std::vector<ParameterGroup> param_groups;
  std::string moments_dtype = "float32";
  std::string nonfinite_grad = "error";

  void visit(auto&& field) {
    field("weight_decay", weight_decay, "decoupled weight decay, multiplied by the learning rate", at_least(0));
    field("adam_beta1", adam_beta1, "decay of the first moment", between(0, 1));
    field("adam_beta2", adam_beta2, "decay of the second moment", between(0, 1));
    field("adam_epsilon", adam_epsilon, "added to the root of the second moment", above(0));
    field("max_grad_norm", max_grad_norm, "clip the global L2 norm of the gradient to this; 0 = no clipping",
          at_least(0));
    field("no_decay", no_decay,
          "parameters whose name contains one of these get no weight decay; add embed to spare embeddings", any());
    field("param_groups", param_groups, "learning rates and weight decays of their own, before no_decay");
    field("moments_dtype", moments_dtype,
          "bfloat16 keeps both moments in two bytes each, rounded stochastically: 4 bytes a weight less (CPU)",
          base::one_of({"float32", "bfloat16"}));
    field("nonfinite_grad", nonfinite_grad,
          "what to do when the gradient norm is infinite or NaN: stop, or skip the update", one_of({"error", "skip"}));
  }
};

struct StepReport {
  double grad_norm = 0;     // before clipping
  double clip_factor = 1;   // what the gradient was multiplied by
  bool is_skipped = false;  // the norm was not finite: nothing was changed
};

// Parameters are leaf tensors, f32 or bf16, contiguous, all on one device; the names order and label the state. A bf16
// parameter gets an f32 master copy; an f32 parameter is its own master. On the CPU the work is cut into chunks of 16K
// elements: neither norm nor update depends on the number of threads. On other devices torch operations do the same.
class AdamW {
 public:
  // With several ranks each keeps masters and moments of the parameters that `owners` gives it, gets their gradients, updates
  // them and sends them to the others (ZeRO stage 1); the norm is that of one rank, bit for bit.
  AdamW(std::vector<model::NamedTensor> parameters, const OptimizerConfig& config, base::ThreadPool& pool,
        const ranks::World* world = nullptr, std::vector<int> owners = {});

  // Clips, updates every parameter in place from its .grad() and clears the gradients. A parameter without a gradient is
  // treated as one whose gradient is zero (an expert that no token reached still decays), so that the result does not
  // depend on how an update was cut. Gradients are those of the whole update: summed over micro-batches and ranks.
  // Error: a norm that is not finite while nonfinite_grad is "error"; where names the first parameter concerned.
  StepReport step(double learning_rate);
  void zero_grad();

  int64_t num_steps() const { return num_steps_; }      // updates done
  int64_t num_skipped() const { return num_skipped_; }  // updates skipped for a norm that was not finite

  // "step" [2] i64 {num_steps, num_skipped}; per parameter "exp_avg.NAME", "exp_avg_sq.NAME" in moments_dtype, and "master.NAME" where the
  // parameter is bf16, in f32; on the CPU, in the order of the parameters. Saved with the parameters, they resume the run
  // bit for bit. With several ranks all call it and rank 0 gets the whole, which any number of ranks can import.
  std::vector<model::NamedTensor> export_state() const;
  // Error: a tensor that is missing, or has another shape or dtype than this optimizer's. bf16 parameters are set from
  // their masters; f32 parameters keep their values.
  void import_state(const model::TensorSource& source);

 private:
  struct Slot {
    std::string name;
    Tensor parameter, master, exp_avg, exp_avg_sq;  // the last three undefined where another rank is the owner
    int owner = 0;
    double lr_scale = 1, weight_decay = 0;
    bool has_master() const { return parameter.scalar_type() != at::kFloat; }
  };
  struct Chunk {
    size_t slot;
    int64_t begin, size;
  };

  bool is_mine(const Slot& slot) const { return !world_ || slot.owner == world_->rank(); }
  bool has_small_moments() const { return config_.moments_dtype == "bfloat16"; }
  std::vector<AdamWCoefficients> coefficients(const AdamWScalars& scalars) const;  // of each slot
  void update_chunk(const Chunk& chunk, const float* gradient, const AdamWCoefficients& c);
  void gather_sums(std::vector<double>& sums) const;
  double squared_norm(const std::vector<Tensor>& gradients, size_t& first_bad) const;
  void update_on_cpu(const std::vector<Tensor>& gradients, const AdamWScalars& scalars);
  void update_portable(const std::vector<Tensor>& gradients, const AdamWScalars& scalars);
  StepReport refuse(double norm, size_t first_bad);

  OptimizerConfig config_;
  base::ThreadPool& pool_;
  const ranks::World* world_;
  ranks::Owned owned_;
  std::vector<Slot> slots_;
  std::vector<Chunk> chunks_;
  bool is_on_cpu_ = true;
  int64_t num_steps_ = 0, num_skipped_ = 0;
};

}  // namespace lockstep::rl
