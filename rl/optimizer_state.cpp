// SPDX-License-Identifier: Apache-2.0
// The optimizer's state as named tensors, and back.
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>

#include "base/error.h"
#include "base/text.h"
#include "rl/optimizer.h"

namespace lockstep::rl {
namespace {

Tensor read(const model::TensorSource& source, const std::string& name, at::ScalarType dtype, at::IntArrayRef shape) {
  if (!source.has(name)) {
    throw Error("the optimizer state lacks a tensor", name, "resume from a checkpoint of the same model and config");
  }
  const Tensor tensor = source.tensor(name);
  if (tensor.sizes() != shape || tensor.scalar_type() != dtype) {
    throw Error(cat("the optimizer state does not fit: file ", tensor.scalar_type(), " ", tensor.sizes(), ", model ",
                    dtype, " ", shape),
                name, "resume from a checkpoint of the same model and config");
  }
  return tensor;
}

}  // namespace

std::vector<model::NamedTensor> AdamW::export_state() const {
  const at::NoGradGuard no_grad;
  std::vector<model::NamedTensor> out = {{"step", at::tensor({num_steps_, num_skipped_}, at::kLong)}};
  const auto moments = has_small_moments() ? at::kBFloat16 : at::kFloat;
  for (const Slot& slot : slots_) {
    const auto add = [&](const char* kind, const Tensor& value, at::ScalarType dtype) {
      const std::string name = cat(kind, ".", slot.name);
      if (!world_ || world_->is_alone()) {
        out.push_back({name, value.detach().to(at::kCPU)});
        return;
      }
      const Tensor own = value.defined() ? value.detach() : world_->is_first() ? at::empty(slot.parameter.sizes(), dtype) : Tensor();
      out.push_back({name, ranks::collect_on_first(*world_, own, slot.owner, name)});
    };
    add("exp_avg", slot.exp_avg, moments);
    add("exp_avg_sq", slot.exp_avg_sq, moments);
    if (slot.has_master()) add("master", slot.master, at::kFloat);
  }
  return out;
}

void AdamW::import_state(const model::TensorSource& source) {
  const at::NoGradGuard no_grad;
  const Tensor steps = read(source, "step", at::kLong, {2});
  for (Slot& slot : slots_) {
    const at::IntArrayRef shape = slot.parameter.sizes();
    const auto restore = [&](const char* kind, Tensor& value) {
      if (is_mine(slot)) value.copy_(read(source, cat(kind, ".", slot.name), value.scalar_type(), shape));
    };
    restore("exp_avg", slot.exp_avg);
    restore("exp_avg_sq", slot.exp_avg_sq);
    if (!slot.has_master()) continue;
    restore("master", slot.master);
    if (is_mine(slot)) slot.parameter.detach().copy_(slot.master);
  }
  if (world_) ranks::share_from_owners(*world_, owned_);
  num_steps_ = steps.const_data_ptr<int64_t>()[0];
  num_skipped_ = steps.const_data_ptr<int64_t>()[1];
}

}  // namespace lockstep::rl
