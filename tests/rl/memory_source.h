// SPDX-License-Identifier: Apache-2.0
// Named tensors in memory behind the interface of a file.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "model/checkpoint_io.h"

namespace lockstep::test {

class MemorySource : public model::TensorSource {
 public:
  explicit MemorySource(const std::vector<model::NamedTensor>& tensors) {
    for (const auto& [name, tensor] : tensors) {
      names_.push_back(name);
      tensors_[name] = tensor.clone();
    }
  }
  const std::vector<std::string>& names() const override { return names_; }
  bool has(const std::string& name) const override { return tensors_.contains(name); }
  std::vector<int64_t> shape(const std::string& name) const override { return tensors_.at(name).sizes().vec(); }
  Tensor tensor(const std::string& name) const override { return tensors_.at(name).clone(); }

  void erase(const std::string& name) { tensors_.erase(name); }
  void set(const std::string& name, const Tensor& tensor) { tensors_[name] = tensor; }

 private:
  std::vector<std::string> names_;
  std::map<std::string, Tensor> tensors_;
};

}  // namespace lockstep::test
