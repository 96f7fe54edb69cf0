// SPDX-License-Identifier: Apache-2.0
// The channel between Lockstep and a plugin's process: frames of a 4-byte little-endian length and that many bytes.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace lockstep::rewards::plugins {

// The largest body that the header can announce; what a peer accepts is its own, smaller limit.
inline constexpr size_t kMaxFrameBytes = 0xFFFFFFFF;

// Header and body. Error when the body is above kMaxFrameBytes.
std::string make_frame(std::string_view body);

// Cuts a byte stream into bodies. Hostile peers: a length above the limit is noticed before a byte of it is kept.
class FrameReader {
 public:
  explicit FrameReader(size_t max_bytes) : max_bytes_(max_bytes) {}

  void append(std::string_view bytes) { buffer_.append(bytes); }
  // The next whole body, if there is one. Error when the announced length is above the limit: the stream is lost then.
  std::optional<std::string> next();
  bool is_empty() const { return buffer_.empty(); }

 private:
  size_t max_bytes_;
  std::string buffer_;
};

}  // namespace lockstep::rewards::plugins
