// SPDX-License-Identifier: Apache-2.0
// Paths and tensors of the fixtures.
#include "tests/model/model_fixtures.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <filesystem>

#include "base/rng.h"
#include "model/tensor_names.h"

namespace lockstep::test {

std::string fixture_path(const std::string& name) { return std::string(LOCKSTEP_SOURCE_DIR "/tests/fixtures/") + name; }

std::vector<std::string> model_fixture_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(fixture_path("models"))) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string model_fixture(const std::string& name) { return fixture_path("models/" + name); }

std::vector<model::NamedTensor> all_tensors(const model::TensorSource& source) {
  std::vector<model::NamedTensor> tensors;
  for (const std::string& name : source.names()) tensors.push_back({name, source.tensor(name)});
  return tensors;
}

std::vector<model::NamedTensor> random_tensors(const model::ModelConfig& config, at::ScalarType dtype) {
  base::Random random(11, "random tensors");
  std::vector<model::NamedTensor> tensors;
  for (const model::TensorSpec& spec : model::expected_tensors(config)) {
    Tensor tensor = at::empty(spec.shape, at::kFloat);
    float* values = tensor.mutable_data_ptr<float>();
    for (int64_t i = 0; i < tensor.numel(); ++i) values[i] = static_cast<float>(random.uniform() - 0.5);
    tensors.push_back({spec.name, spec.is_f32 ? tensor : tensor.to(dtype)});
  }
  return tensors;
}

}  // namespace lockstep::test
