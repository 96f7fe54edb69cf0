// SPDX-License-Identifier: Apache-2.0
// Fuzz target: tokenizer.model, a message of protobuf's wire format, which is also walked on its own.
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "model/protobuf_reader.h"
#include "model/sentencepiece_model.h"

namespace model = lockstep::model;

namespace {

void walk(model::ProtobufReader reader, size_t size, int depth) {
  while (reader.next()) {
    if (reader.offset() > size || reader.field() == 0) std::abort();
    if (depth == 0) continue;
    try {
      walk(reader.message(), size, depth - 1);
    } catch (const lockstep::Error&) {
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    walk(model::ProtobufReader(bytes, "input"), size, 3);
  } catch (const lockstep::Error&) {
  }
  try {
    const auto tokenizer = model::make_tokenizer(model::parse_sentencepiece_model(bytes, "input"), "input");
    for (const char* text : {"a b", "\xE4\xBD\xA0\n0", ""}) tokenizer->decode(tokenizer->encode(text));
  } catch (const lockstep::Error&) {
  }
  return 0;
}
