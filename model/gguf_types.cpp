// SPDX-License-Identifier: Apache-2.0
// Block formats of ggml (layouts: ggml-common.h): scale and offset in f16, quants packed in nibbles or bytes.
#include "model/gguf_types.h"

#include <c10/util/Half.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "base/text.h"

namespace lockstep::model {
namespace {

constexpr int64_t kSmallBlock = 32, kSuperBlock = 256;

float half_at(const uint8_t* bytes) {
  uint16_t bits;
  std::memcpy(&bits, bytes, sizeof bits);
  return c10::detail::fp16_ieee_to_fp32_value(bits);
}

// d, 16 bytes: element i in the low nibble of byte i, element i + 16 in the high one. x = (q - 8) d
void q4_0_block(const uint8_t* block, float* out) {
  const float d = half_at(block);
  for (int i = 0; i < 16; ++i) {
    out[i] = static_cast<float>((block[2 + i] & 15) - 8) * d;
    out[i + 16] = static_cast<float>((block[2 + i] >> 4) - 8) * d;
  }
}

// d, m, nibbles as in Q4_0. x = q d + m
void q4_1_block(const uint8_t* block, float* out) {
  const float d = half_at(block), m = half_at(block + 2);
  for (int i = 0; i < 16; ++i) {
    out[i] = static_cast<float>(block[4 + i] & 15) * d + m;
    out[i + 16] = static_cast<float>(block[4 + i] >> 4) * d + m;
  }
}

// d, 32 signed bytes. x = q d
void q8_0_block(const uint8_t* block, float* out) {
  const float d = half_at(block);
  for (int i = 0; i < 32; ++i) out[i] = static_cast<float>(static_cast<int8_t>(block[2 + i])) * d;
}

// Scale and minimum of sub-block j of Q4_K: 6 bits each, the upper two of the last four sub-blocks packed apart.
void q4_k_scale(const uint8_t* scales, int j, int& scale, int& minimum) {
  if (j < 4) {
    scale = scales[j] & 63;
    minimum = scales[j + 4] & 63;
    return;
  }
  scale = (scales[j + 4] & 15) | ((scales[j - 4] >> 6) << 4);
  minimum = (scales[j + 4] >> 4) | ((scales[j] >> 6) << 4);
}

// d, dmin, 12 bytes of scales, 128 bytes of nibbles; 8 sub-blocks of 32. x = d scale q - dmin minimum
void q4_k_block(const uint8_t* block, float* out) {
  const float d = half_at(block), dmin = half_at(block + 2);
  const uint8_t* scales = block + 4;
  const uint8_t* quants = block + 16;
  for (int pair = 0; pair < 4; ++pair, quants += 32, out += 64) {
    int scale[2], minimum[2];
    q4_k_scale(scales, 2 * pair, scale[0], minimum[0]);
    q4_k_scale(scales, 2 * pair + 1, scale[1], minimum[1]);
    const float d0 = d * static_cast<float>(scale[0]), m0 = dmin * static_cast<float>(minimum[0]);
    const float d1 = d * static_cast<float>(scale[1]), m1 = dmin * static_cast<float>(minimum[1]);
    for (int i = 0; i < 32; ++i) {
      out[i] = d0 * static_cast<float>(quants[i] & 15) - m0;
      out[i + 32] = d1 * static_cast<float>(quants[i] >> 4) - m1;
    }
  }
}

// 128 bytes of low nibbles, 64 bytes of upper 2-bit parts, 16 signed scales, d; two halves of 128. x = d scale (q - 32)
void q6_k_block(const uint8_t* block, float* out) {
  const float d = half_at(block + 208);
  for (int half = 0; half < 2; ++half, out += 128) {
    const uint8_t* low = block + 64 * half;
    const uint8_t* high = block + 128 + 32 * half;
    const uint8_t* scales = block + 192 + 8 * half;
    for (int i = 0; i < 128; ++i) {
      const int nibble = i < 64 ? low[i] & 15 : low[i - 64] >> 4;
      const int upper = (high[i % 32] >> (2 * (i / 32))) & 3;
      const float scale = d * static_cast<float>(static_cast<int8_t>(scales[i / 16]));
      out[i] = scale * static_cast<float>((nibble | (upper << 4)) - 32);
    }
  }
}

}  // namespace

std::optional<GgmlType> ggml_type(uint32_t number) {
  for (const GgmlType type : {GgmlType::f32, GgmlType::f16, GgmlType::q4_0, GgmlType::q4_1, GgmlType::q8_0,
                              GgmlType::q4_k, GgmlType::q6_k, GgmlType::bf16}) {
    if (static_cast<uint32_t>(type) == number) return type;
  }
  return std::nullopt;
}

std::string ggml_type_name(uint32_t number) {
  static constexpr const char* kNames[] = {
      "F32",   "F16",    "Q4_0", "Q4_1", "Q4_2", "Q4_3",    "Q5_0",   "Q5_1",    "Q8_0",  "Q8_1",   "Q2_K",
      "Q3_K",  "Q4_K",   "Q5_K", "Q6_K", "Q8_K", "IQ2_XXS", "IQ2_XS", "IQ3_XXS", "IQ1_S", "IQ4_NL", "IQ3_S",
      "IQ2_S", "IQ4_XS", "I8",   "I16",  "I32",  "I64",     "F64",    "IQ1_M",   "BF16"};
  return number < std::size(kNames) ? kNames[number] : cat("number ", number);
}

GgmlLayout ggml_layout(GgmlType type) {
  switch (type) {
    case GgmlType::f32:
      return {1, 4};
    case GgmlType::f16:
    case GgmlType::bf16:
      return {1, 2};
    case GgmlType::q4_0:
      return {kSmallBlock, 18};
    case GgmlType::q4_1:
      return {kSmallBlock, 20};
    case GgmlType::q8_0:
      return {kSmallBlock, 34};
    case GgmlType::q4_k:
      return {kSuperBlock, 144};
    case GgmlType::q6_k:
      return {kSuperBlock, 210};
  }
  LOCKSTEP_CHECK(false, "unknown ggml type");
}

void dequantize(GgmlType type, const uint8_t* blocks, float* values, int64_t count) {
  const GgmlLayout layout = ggml_layout(type);
  LOCKSTEP_CHECK(layout.block > 1 && count % layout.block == 0, "whole blocks of a quantised type");
  for (int64_t i = 0; i < count; i += layout.block, blocks += layout.bytes, values += layout.block) {
    switch (type) {
      case GgmlType::q4_0:
        q4_0_block(blocks, values);
        break;
      case GgmlType::q4_1:
        q4_1_block(blocks, values);
        break;
      case GgmlType::q8_0:
        q8_0_block(blocks, values);
        break;
      case GgmlType::q4_k:
        q4_k_block(blocks, values);
        break;
      case GgmlType::q6_k:
        q6_k_block(blocks, values);
        break;
      default:
        break;
    }
  }
}

void quantize_q8_0(const float* values, uint8_t* blocks, int64_t count) {
  LOCKSTEP_CHECK(count % kSmallBlock == 0, "whole blocks");
  for (int64_t start = 0; start < count; start += kSmallBlock, values += kSmallBlock, blocks += 34) {
    float largest = 0;
    for (int i = 0; i < kSmallBlock; ++i) largest = std::max(largest, std::abs(values[i]));
    const float scale = largest / 127.0f, inverse = scale != 0 ? 1.0f / scale : 0.0f;
    const uint16_t bits = c10::detail::fp16_ieee_from_fp32_value(scale);
    std::memcpy(blocks, &bits, sizeof bits);
    for (int i = 0; i < kSmallBlock; ++i) {
      const float rounded = std::clamp(std::round(values[i] * inverse), -127.0f, 127.0f);
      blocks[2 + i] = static_cast<uint8_t>(static_cast<int8_t>(rounded));
    }
  }
}

}  // namespace lockstep::model
