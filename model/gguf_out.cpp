// SPDX-License-Identifier: Apache-2.0
// Little-endian fields of a GGUF head.
#include "model/gguf_out.h"

#include <cstring>
#include <limits>

#include "base/error.h"
#include "base/text.h"

namespace lockstep::model {
namespace {

// GGUF's numbers of value types.
constexpr uint32_t kU32 = 4, kI32 = 5, kF32 = 6, kBool = 7, kString = 8, kArray = 9;

// The machine is little-endian, as the file is (x86-64 and AArch64).
template <class T>
void put(std::string& out, T value) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

void put_text(std::string& out, const std::string& text) {
  put<uint64_t>(out, text.size());
  out += text;
}

uint64_t aligned(uint64_t size) { return (size + kGgufAlignment - 1) / kGgufAlignment * kGgufAlignment; }

}  // namespace

uint64_t GgufPlan::bytes() const {
  const GgmlLayout layout = ggml_layout(type);
  uint64_t elements = 1;
  for (const int64_t size : shape) elements *= static_cast<uint64_t>(size);
  return elements / static_cast<uint64_t>(layout.block) * layout.bytes;
}

void GgufPairs::key(const std::string& key, uint32_t type) {
  put_text(bytes_, key);
  put(bytes_, type);
  ++count_;
}

void GgufPairs::add(const std::string& name, const std::string& text) {
  key(name, kString);
  put_text(bytes_, text);
}

void GgufPairs::add_u32(const std::string& name, int64_t value) {
  if (value < 0 || value > std::numeric_limits<uint32_t>::max()) {
    throw Error(cat(value, " does not fit into 32 bits"), cat("GGUF key ", name), "use a smaller value in the config");
  }
  key(name, kU32);
  put(bytes_, static_cast<uint32_t>(value));
}

void GgufPairs::add_f32(const std::string& name, double value) {
  key(name, kF32);
  put(bytes_, static_cast<float>(value));
}

void GgufPairs::add_bool(const std::string& name, bool value) {
  key(name, kBool);
  put<uint8_t>(bytes_, value ? 1 : 0);
}

void GgufPairs::add(const std::string& name, const std::vector<std::string>& texts) {
  key(name, kArray);
  put(bytes_, kString);
  put<uint64_t>(bytes_, texts.size());
  for (const std::string& text : texts) put_text(bytes_, text);
}

void GgufPairs::add_i32s(const std::string& name, const std::vector<int32_t>& numbers) {
  key(name, kArray);
  put(bytes_, kI32);
  put<uint64_t>(bytes_, numbers.size());
  for (const int32_t number : numbers) put(bytes_, number);
}

void GgufPairs::add_f32s(const std::string& name, const std::vector<float>& numbers) {
  key(name, kArray);
  put(bytes_, kF32);
  put<uint64_t>(bytes_, numbers.size());
  for (const float number : numbers) put(bytes_, number);
}

std::string gguf_head(const GgufPairs& pairs, const std::vector<GgufPlan>& tensors) {
  std::string out = "GGUF";
  put<uint32_t>(out, 3);
  put<uint64_t>(out, tensors.size());
  put<uint64_t>(out, pairs.count());
  out += pairs.bytes();
  uint64_t offset = 0;
  for (const GgufPlan& tensor : tensors) {
    put_text(out, tensor.name);
    put(out, static_cast<uint32_t>(tensor.shape.size()));
    for (auto size = tensor.shape.rbegin(); size != tensor.shape.rend(); ++size) put(out, static_cast<uint64_t>(*size));
    put(out, static_cast<uint32_t>(tensor.type));
    put(out, offset);
    offset = aligned(offset + tensor.bytes());
  }
  out.resize(aligned(out.size()));
  return out;
}

}  // namespace lockstep::model
