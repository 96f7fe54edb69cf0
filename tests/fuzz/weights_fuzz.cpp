// SPDX-License-Identifier: Apache-2.0
// Fuzz target: the headers of safetensors and GGUF files. What is accepted can be read without further checks.
#include <cstdlib>
#include <span>

#include "base/error.h"
#include "model/gguf_file.h"
#include "model/safetensors_header.h"

namespace model = lockstep::model;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const uint8_t> file(data, size);
  try {
    uint64_t covered = 0;
    for (const auto& entry : model::parse_safetensors_header(file, "input").entries) {
      require(entry.begin <= entry.end && entry.end <= size && (covered == 0 || entry.begin == covered));
      require(model::checked_num_elements(entry.shape).has_value());
      covered = entry.end;
    }
  } catch (const lockstep::Error&) {
  }
  try {
    for (const auto& tensor : model::parse_gguf(file, "input").tensors) {
      require(tensor.begin <= size && tensor.bytes <= size - tensor.begin);
    }
  } catch (const lockstep::Error&) {
  }
  return 0;
}
