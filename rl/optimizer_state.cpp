// SPDX-License-Identifier: Apache-2.0
// The optimizer's state as named tensors, and back.
#include <ATen/core/grad_mode.h>
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
  const auto cpu = [](const Tensor& tensor) { return tensor.detach().to(at::kCPU); };
  std::vector<model::NamedTensor> out = {{"step", at::tensor({num_steps_, num_skipped_}, at::kLong)}};
  for (const Slot& slot : slots_) {
    out.push_back({cat("exp_avg.", slot.name), cpu(slot.exp_avg)});
    out.push_back({cat("exp_avg_sq.", slot.name), cpu(slot.exp_avg_sq)});
    if (slot.has_master()) out.push_back({cat("master.", slot.name), cpu(slot.master)});
  }
  return out;
}

void AdamW::import_state(const model::TensorSource& source) {
  const at::NoGradGuard no_grad;
  const Tensor steps = read(source, "step", at::kLong, {2});
  for (Slot& slot : slots_) {
    const at::IntArrayRef shape = slot.exp_avg.sizes();
    slot.exp_avg.copy_(read(source, cat("exp_avg.", slot.name), at::kFloat, shape));
    slot.exp_avg_sq.copy_(read(source, cat("exp_avg_sq.", slot.name), at::kFloat, shape));
    if (!slot.has_master()) continue;
    slot.master.copy_(read(source, cat("master.", slot.name), at::kFloat, shape));
    slot.parameter.detach().copy_(slot.master);
  }
  num_steps_ = steps.const_data_ptr<int64_t>()[0];
  num_skipped_ = steps.const_data_ptr<int64_t>()[1];
}

}  // namespace lockstep::rl
