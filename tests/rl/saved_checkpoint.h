// SPDX-License-Identifier: Apache-2.0
// A small checkpoint whose every byte follows from its step, and the check that it is that one.
#pragma once

#include <ATen/ops/tensor.h>

#include <string>
#include <vector>

#include "rl/checkpoint.h"

namespace lockstep::test {

inline std::vector<float> step_values(int64_t step, size_t size) {
  std::vector<float> out;
  for (size_t i = 0; i < size; ++i) out.push_back(static_cast<float>(step * 1000 + static_cast<int64_t>(i)));
  return out;
}

// Two tensor files, one JSON file; about 10 KB, so that tearing and flipping every part of it is quick. `note` makes the
// manifest larger.
inline std::string save_checkpoint(const std::string& dir, int64_t step, const std::string& note = "") {
  rl::CheckpointWriter writer(dir, step);
  writer.write_tensors("model.safetensors", {{"w", at::tensor(step_values(step, 900))}}, {{"kind", "weights"}});
  writer.write_tensors("optimizer.safetensors", {{"exp_avg.w", at::tensor(step_values(step + 1, 900))}});
  writer.write_json("state.json", {{"cursor", step * 7}});
  return writer.commit({{"config_hash", "abc"}, {"num_tokens", step * 100}, {"note", note}});
}

inline bool holds_step(const rl::Checkpoint& checkpoint, int64_t step) {
  const auto model = model::open_safetensors(checkpoint.file("model.safetensors"));
  const Tensor w = model->tensor("w");
  const std::vector<float> expected = step_values(step, 900);
  return checkpoint.step() == step && checkpoint.manifest.info["num_tokens"] == step * 100 &&
         std::equal(expected.begin(), expected.end(), w.const_data_ptr<float>(), w.const_data_ptr<float>() + w.numel());
}

}  // namespace lockstep::test
