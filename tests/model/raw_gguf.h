// SPDX-License-Identifier: Apache-2.0
// GGUF files written field by field, as no honest writer would.
#pragma once

#include <string>
#include <vector>

#include "tests/model/raw_safetensors.h"

namespace lockstep::test {

inline std::string gguf_text(const std::string& text) { return little_endian(text.size(), 8) + text; }
inline std::string gguf_pair(const std::string& key, uint32_t type, const std::string& value) {
  return gguf_text(key) + little_endian(type, 4) + value;
}
inline std::string gguf_text_pair(const std::string& key, const std::string& text) {
  return gguf_pair(key, 8, gguf_text(text));
}
inline std::string gguf_u32_pair(const std::string& key, uint32_t value) {
  return gguf_pair(key, 4, little_endian(value, 4));
}

struct RawGgufTensor {
  std::string name;
  std::vector<uint64_t> dimensions = {};  // the fastest first, as the file has them
  uint32_t type = 0;
  uint64_t offset = 0;
};

struct RawGguf {
  std::string magic = "GGUF";
  uint32_t version = 3;
  std::vector<std::string> pairs = {};
  std::vector<RawGgufTensor> tensors = {};
  std::string data = {};
  uint64_t extra_tensors = 0, extra_pairs = 0;  // added to the counts only

  std::string bytes() const {
    std::string out = magic;
    out += little_endian(version, 4);
    out += little_endian(tensors.size() + extra_tensors, 8);
    out += little_endian(pairs.size() + extra_pairs, 8);
    for (const std::string& pair : pairs) out += pair;
    for (const RawGgufTensor& tensor : tensors) {
      out += gguf_text(tensor.name);
      out += little_endian(tensor.dimensions.size(), 4);
      for (const uint64_t size : tensor.dimensions) out += little_endian(size, 8);
      out += little_endian(tensor.type, 4);
      out += little_endian(tensor.offset, 8);
    }
    while (out.size() % 32 != 0) out.push_back('\0');
    return out + data;
  }
};

}  // namespace lockstep::test
