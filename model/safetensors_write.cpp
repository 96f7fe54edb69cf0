// SPDX-License-Identifier: Apache-2.0
// Writing of one safetensors file, tensor by tensor, so that a model needs no second copy in memory.
#include <ATen/core/Tensor.h>

#include <set>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "model/checkpoint_io.h"
#include "model/safetensors_header.h"

namespace lockstep::model {
namespace {

using base::Json;

constexpr uint64_t kAlignment = 64;  // bytes: the data begin on a cache line

Json header_json(const std::string& file,
                 const std::vector<NamedTensor>& tensors,
                 const std::map<std::string, std::string>& metadata) {
  Json json = Json::object();
  json["__metadata__"] = {{"format", "pt"}};
  for (const auto& [key, value] : metadata) json["__metadata__"][key] = value;
  // The container's own emplace_back: insertion by key searches linearly, quadratic for a mixture of experts.
  auto& members = json.get_ref<Json::object_t&>();
  std::set<std::string> seen;
  uint64_t begin = 0;
  for (const NamedTensor& named : tensors) {
    check_tensor_name(named.name, file);
    const auto dtype = safetensors_dtype_name(named.tensor.scalar_type());
    if (!dtype) {
      throw Error(
          cat("dtype ", c10::toString(named.tensor.scalar_type()), " cannot be stored as safetensors"),
          cat(file, ": tensor ", named.name), "convert the tensor to float32 or bfloat16 first");
    }
    if (!seen.insert(named.name).second) {
      throw Error("two tensors have the same name", cat(file, ": tensor ", named.name),
                  "give each tensor its own name");
    }
    const uint64_t end = begin + named.tensor.nbytes();
    members.Json::object_t::Container::emplace_back(
        named.name,
        Json{{"dtype", *dtype}, {"shape", named.tensor.sizes().vec()}, {"data_offsets", {begin, end}}});
    begin = end;
  }
  return json;
}

}  // namespace

void write_safetensors(const std::string& file,
                       const std::vector<NamedTensor>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  std::string header = header_json(file, tensors, metadata).dump();
  // Spaces behind the JSON are the format's padding; 8 bytes of length stand before it.
  header.append((kAlignment - (header.size() + 8) % kAlignment) % kAlignment, ' ');
  if (header.size() > kMaxSafetensorsHeader) {
    throw Error(cat("the header of ", tensors.size(), " tensors has ", header.size(),
                    " bytes, readers accept ", kMaxSafetensorsHeader),
                file, "write the tensors into several files");
  }
  base::AtomicFile out(file);
  std::string length(8, '\0');
  for (size_t i = 0; i < 8; ++i) length[i] = static_cast<char>((header.size() >> (8 * i)) & 0xff);
  out.write(length);
  out.write(header);
  for (const NamedTensor& named : tensors) {
    const Tensor plain = named.tensor.detach().cpu().contiguous();
    if (plain.nbytes() > 0) out.write(plain.const_data_ptr(), plain.nbytes());
  }
  out.commit();
}

}  // namespace lockstep::model
