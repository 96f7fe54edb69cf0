// SPDX-License-Identifier: Apache-2.0
// A message as bytes: fixed fields in a fixed order behind a header with a checksum, and back.
//
//   offset  bytes
//        0  magic "LSRW"
//        4  u16 protocol version        numbers are little-endian
//        6  u16 type: 1 + position in the variant `Message`
//        8  u64 bytes of the payload: all that follow the header
//       16  u32 CRC-32C of bytes 0..15 and the payload
//       20  payload: the stamp, then the fields of the type as message_bytes.cpp lists them
//
// Magic and version keep their places in every later version, so that peers of different builds can tell.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "rollout/remote/messages.h"

namespace lockstep::rollout::remote {

inline constexpr size_t kFrameHeaderBytes = 20;

// What a frame may hold, besides what its own bytes bound. A frame beyond them is refused, and never sent.
inline constexpr size_t kMaxNameBytes = 256;              // a longer name is cut when it is sent
inline constexpr size_t kMaxTextBytes = size_t{1} << 16;  // of an Error or a reason; cut as well
inline constexpr size_t kMaxPathBytes = 4096;
inline constexpr size_t kMaxJsonBytes = size_t{16} << 20;
inline constexpr size_t kMaxPieces = size_t{1} << 24;
inline constexpr size_t kMaxPieceBytes = size_t{1} << 16;
inline constexpr size_t kMaxTokens = size_t{1} << 24;  // of one prompt, or of one completion
inline constexpr size_t kMaxExpertsPerToken = 4096;    // mixture layers x experts of a token
inline constexpr size_t kMaxExperts = 65536;           // of a mixture layer
inline constexpr int kMaxSamples = 1 << 20;            // of one request
inline constexpr size_t kMaxStops = 4096;              // stop strings, stop ids
inline constexpr uint64_t kMaxStreamBytes = uint64_t{1} << 50;

// Error when a field is beyond its limit or the whole beyond 2^32 bytes.
std::string encode(const Envelope& envelope);

struct BadFrame {
  bool is_other_protocol = false;  // a frame of another kProtocolVersion; else garbage
  std::string reason;              // for the log: "checksum differs", "Work: num_samples"
};
// Never throws, and never allocates more than a small multiple of bytes.size().
std::variant<Envelope, BadFrame> decode(std::string_view bytes) noexcept;

// "Hello", "WeightsChunk": for logs.
const char* message_name(const Message& message);

}  // namespace lockstep::rollout::remote
