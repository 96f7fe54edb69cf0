// SPDX-License-Identifier: Apache-2.0
// The head of a GGUF version 3 file being written: key-value pairs and the tensor list; internal to model/.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/gguf_types.h"

namespace lockstep::model {

constexpr uint64_t kGgufAlignment = 32;  // bytes; the format's default, so no key says it

struct GgufPlan {
  std::string name;
  std::vector<int64_t> shape;  // as torch has it
  GgmlType type;
  uint64_t bytes() const;
};

// Collects pairs in the order of the calls.
class GgufPairs {
 public:
  void add(const std::string& key, const std::string& text);
  void add_u32(const std::string& key, int64_t value);  // Error outside 32 bits
  void add_f32(const std::string& key, double value);
  void add_bool(const std::string& key, bool value);
  void add(const std::string& key, const std::vector<std::string>& texts);
  void add_i32s(const std::string& key, const std::vector<int32_t>& numbers);
  void add_f32s(const std::string& key, const std::vector<float>& numbers);

  uint64_t count() const { return count_; }
  const std::string& bytes() const { return bytes_; }

 private:
  void key(const std::string& key, uint32_t type);
  std::string bytes_;
  uint64_t count_ = 0;
};

// Everything before the data, padded to kGgufAlignment. Tensors are placed one after another, each aligned.
std::string gguf_head(const GgufPairs& pairs, const std::vector<GgufPlan>& tensors);

}  // namespace lockstep::model
