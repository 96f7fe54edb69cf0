// SPDX-License-Identifier: Apache-2.0
// Chunks, the gradient norm, and the update of all parameters.
#include "rl/optimizer.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "base/rng.h"
#include "base/text.h"
#include "rl/stochastic_round.h"

namespace lockstep::rl {
namespace {

constexpr int64_t kChunk = 16384;  // elements; four f32 arrays of a chunk fit into a core's L2
using Buffer = std::array<float, kChunk>;

void check_parameter(const model::NamedTensor& parameter, const Tensor& first) {
  const Tensor& t = parameter.tensor;
  LOCKSTEP_CHECK(t.defined() && t.is_contiguous() && t.device() == first.device(),
                 cat(parameter.name, " must be contiguous and on the device of the others"));
  LOCKSTEP_CHECK(t.scalar_type() == at::kFloat || t.scalar_type() == at::kBFloat16,
                 cat(parameter.name, " is ", t.scalar_type(), ", not f32 or bf16"));
}

bool contains_any(const std::string& name, const std::vector<std::string>& parts) {
  return std::any_of(parts.begin(), parts.end(), [&](const std::string& part) { return name.find(part) != std::string::npos; });
}

// Of the first group that matches; the optimizer's own where none does or says nothing.
void set_options(const OptimizerConfig& config, const std::string& name, double& lr_scale, double& weight_decay) {
  weight_decay = contains_any(name, config.no_decay) ? 0 : config.weight_decay;
  for (const auto& group : config.param_groups) {
    if (!contains_any(name, group.match)) continue;
    lr_scale = group.lr_scale;
    weight_decay = group.weight_decay.value_or(weight_decay);
    return;
  }
}

// A chunk's gradient as f32: in place, converted into `buffer`, or zeros when there is none.
const float* chunk_gradient(const Tensor& gradient, int64_t begin, int64_t size, Buffer& buffer) {
  if (!gradient.defined()) {
    std::fill_n(buffer.begin(), size, 0.0f);
    return buffer.data();
  }
  if (gradient.scalar_type() == at::kFloat) return gradient.const_data_ptr<float>() + begin;
  bf16_to_f32(static_cast<const uint16_t*>(gradient.const_data_ptr()) + begin, buffer.data(), size);
  return buffer.data();
}

std::vector<Tensor> contiguous_gradients(const std::vector<Tensor>& parameters) {
  std::vector<Tensor> out;
  for (const Tensor& parameter : parameters) {
    const Tensor gradient = parameter.grad();
    LOCKSTEP_CHECK(!gradient.defined() || gradient.sizes() == parameter.sizes(),
                   "gradient and parameter differ in shape");
    out.push_back(gradient.defined() ? gradient.contiguous() : gradient);
  }
  return out;
}

}  // namespace

AdamW::AdamW(std::vector<model::NamedTensor> parameters, const OptimizerConfig& config, base::ThreadPool& pool,
             const ranks::World* world, std::vector<int> owners)
    : config_(config), pool_(pool), world_(world), owned_{std::move(parameters), std::move(owners)} {
  const at::NoGradGuard no_grad;
  owned_.owners.resize(owned_.parameters.size(), 0);
  for (const model::NamedTensor& parameter : owned_.parameters) {
    check_parameter(parameter, owned_.parameters.front().tensor);
    Slot slot;
    slot.name = parameter.name;
    slot.parameter = parameter.tensor;
    slot.owner = owned_.owners[slots_.size()];
    if (is_mine(slot)) {
      slot.master = slot.has_master() ? parameter.tensor.detach().to(at::kFloat) : parameter.tensor;
      const auto options = slot.master.options().requires_grad(false).dtype(has_small_moments() ? at::kBFloat16 : at::kFloat);
      slot.exp_avg = at::zeros(slot.master.sizes(), options);
      slot.exp_avg_sq = at::zeros(slot.master.sizes(), options);
    }
    set_options(config, slot.name, slot.lr_scale, slot.weight_decay);
    for (int64_t begin = 0; begin < parameter.tensor.numel(); begin += kChunk) {
      chunks_.push_back({slots_.size(), begin, std::min(kChunk, parameter.tensor.numel() - begin)});
    }
    slots_.push_back(std::move(slot));
  }
  is_on_cpu_ = slots_.empty() || slots_.front().parameter.device().is_cpu();
  if (has_small_moments() && !is_on_cpu_)
    throw Error("moments_dtype bfloat16 on a device other than the CPU", "learner/optimizer/moments_dtype", "use float32");
}

// Sums of the chunks of all ranks, each as its owner has it.
void AdamW::gather_sums(std::vector<double>& sums) const {
  if (!world_ || world_->is_alone()) return;
  const auto all = world_->all_gather({reinterpret_cast<const char*>(sums.data()), sums.size() * sizeof(double)}, "the gradient's norm");
  for (size_t i = 0; i < chunks_.size(); ++i)
    std::memcpy(&sums[i], all[static_cast<size_t>(slots_[chunks_[i].slot].owner)].data() + i * sizeof(double), sizeof(double));
}

double AdamW::squared_norm(const std::vector<Tensor>& gradients, size_t& first_bad) const {
  std::vector<double> sums(is_on_cpu_ ? chunks_.size() : slots_.size(), 0.0);
  if (is_on_cpu_) {
    pool_.parallel_for(static_cast<int>(chunks_.size()), [&](int i) {
      const Chunk& chunk = chunks_[static_cast<size_t>(i)];
      if (!gradients[chunk.slot].defined()) return;
      Buffer buffer;
      const float* gradient = chunk_gradient(gradients[chunk.slot], chunk.begin, chunk.size, buffer);
      sums[static_cast<size_t>(i)] = sum_of_squares(gradient, chunk.size);
    });
    gather_sums(sums);
  } else {
    for (size_t i = 0; i < slots_.size(); ++i) {
      if (gradients[i].defined()) sums[i] = gradients[i].to(at::kDouble).square().sum().item().toDouble();
    }
  }
  double total = 0;
  for (size_t i = sums.size(); i-- > 0;) {
    if (!std::isfinite(sums[i])) first_bad = is_on_cpu_ ? chunks_[i].slot : i;
  }
  for (double sum : sums) total += sum;
  return total;
}

StepReport AdamW::refuse(double norm, size_t first_bad) {
  if (config_.nonfinite_grad == "error") {
    throw Error(cat("the gradient norm is ", norm, " at update ", num_steps_ + 1),
                cat("gradient of ", slots_[first_bad].name),
                "lower learning_rate, or set nonfinite_grad to \"skip\" to leave such updates out");
  }
  ++num_skipped_;
  zero_grad();
  return {.grad_norm = norm, .clip_factor = 0, .is_skipped = true};
}

StepReport AdamW::step(double learning_rate) {
  const at::NoGradGuard no_grad;
  std::vector<Tensor> parameters;
  for (const Slot& slot : slots_) parameters.push_back(slot.parameter);
  const std::vector<Tensor> gradients = contiguous_gradients(parameters);

  size_t first_bad = 0;
  StepReport report;
  report.grad_norm = std::sqrt(squared_norm(gradients, first_bad));
  if (!std::isfinite(report.grad_norm)) return refuse(report.grad_norm, first_bad);
  if (config_.max_grad_norm > 0) report.clip_factor = std::min(1.0, config_.max_grad_norm / (report.grad_norm + 1e-6));

  ++num_steps_;
  const AdamWScalars scalars{.learning_rate = learning_rate,
                             .beta1 = config_.adam_beta1,
                             .beta2 = config_.adam_beta2,
                             .epsilon = config_.adam_epsilon,
                             .weight_decay = 0,  // each slot's own
                             .grad_scale = report.clip_factor,
                             .step = num_steps_};
  if (is_on_cpu_)
    update_on_cpu(gradients, scalars);
  else
    update_portable(gradients, scalars);
  if (world_) ranks::share_from_owners(*world_, owned_);
  zero_grad();
  return report;
}

std::vector<AdamWCoefficients> AdamW::coefficients(const AdamWScalars& scalars) const {
  std::vector<AdamWCoefficients> out;
  for (const Slot& slot : slots_) {
    AdamWScalars own = scalars;
    own.learning_rate *= slot.lr_scale;
    own.weight_decay = slot.weight_decay;
    out.push_back(adamw_coefficients(own));
  }
  return out;
}

void AdamW::update_chunk(const Chunk& chunk, const float* gradient, const AdamWCoefficients& c) {
  const Slot& slot = slots_[chunk.slot];
  AdamWSpan span{slot.master.data_ptr<float>() + chunk.begin, nullptr, nullptr, gradient, nullptr, chunk.size};
  span.bf16 = slot.has_master() ? static_cast<uint16_t*>(slot.parameter.data_ptr()) + chunk.begin : nullptr;
  if (!has_small_moments()) {
    span.exp_avg = slot.exp_avg.data_ptr<float>() + chunk.begin;
    span.exp_avg_sq = slot.exp_avg_sq.data_ptr<float>() + chunk.begin;
    adamw_update(span, c);
    return;
  }
  Buffer m, v;
  auto* small_m = static_cast<uint16_t*>(slot.exp_avg.data_ptr()) + chunk.begin;
  auto* small_v = static_cast<uint16_t*>(slot.exp_avg_sq.data_ptr()) + chunk.begin;
  bf16_to_f32(small_m, m.data(), chunk.size);
  bf16_to_f32(small_v, v.data(), chunk.size);
  span.exp_avg = m.data();
  span.exp_avg_sq = v.data();
  adamw_update(span, c);
  const auto step = static_cast<uint64_t>(num_steps_);
  round_stochastically(m.data(), small_m, chunk.size, base::derive_key(step, cat("exp_avg.", slot.name)), chunk.begin);
  round_stochastically(v.data(), small_v, chunk.size, base::derive_key(step, cat("exp_avg_sq.", slot.name)), chunk.begin);
}

void AdamW::update_on_cpu(const std::vector<Tensor>& gradients, const AdamWScalars& scalars) {
  const auto of_slot = coefficients(scalars);
  pool_.parallel_for(static_cast<int>(chunks_.size()), [&](int i) {
    const Chunk& chunk = chunks_[static_cast<size_t>(i)];
    if (!is_mine(slots_[chunk.slot])) return;
    Buffer buffer;
    update_chunk(chunk, chunk_gradient(gradients[chunk.slot], chunk.begin, chunk.size, buffer), of_slot[chunk.slot]);
  });
}

void AdamW::update_portable(const std::vector<Tensor>& gradients, const AdamWScalars& scalars) {
  const auto of_slot = coefficients(scalars);
  for (size_t i = 0; i < slots_.size(); ++i) {
    Slot& slot = slots_[i];
    const Tensor gradient = gradients[i].defined() ? gradients[i].to(at::kFloat) : at::zeros_like(slot.exp_avg);
    Tensor master = slot.master.detach();  // shares memory; autograd looks away
    adamw_update_portable(master, slot.exp_avg, slot.exp_avg_sq, gradient, of_slot[i]);
    if (slot.has_master()) slot.parameter.detach().copy_(master);
  }
}

void AdamW::zero_grad() {
  for (Slot& slot : slots_) slot.parameter.mutable_grad() = Tensor();
}

}  // namespace lockstep::rl
