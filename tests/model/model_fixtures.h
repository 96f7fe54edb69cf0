// SPDX-License-Identifier: Apache-2.0
// The tiny models under tests/fixtures/models and random weights for any config.
#pragma once

#include <string>
#include <vector>

#include "model/checkpoint_io.h"

namespace lockstep::test {

std::string fixture_path(const std::string& name);   // tests/fixtures/<name>
std::vector<std::string> model_fixture_names();      // the folders of tests/fixtures/models, sorted
std::string model_fixture(const std::string& name);  // path of one of them

// Every tensor of a source, in its order.
std::vector<model::NamedTensor> all_tensors(const model::TensorSource& source);
// Values of our own generator for every tensor of the config.
std::vector<model::NamedTensor> random_tensors(const model::ModelConfig& config, at::ScalarType dtype);

}  // namespace lockstep::test
