// SPDX-License-Identifier: Apache-2.0
// Frames on the channel of a plugin's process.
#include "rewards/plugins/frame.h"

#include "base/error.h"
#include "base/text.h"

namespace lockstep::rewards::plugins {
namespace {

constexpr size_t kHeaderBytes = 4;

}  // namespace

std::string make_frame(std::string_view body) {
  if (body.size() > kMaxFrameBytes) {
    throw Error(cat("a message of ", body.size(), " bytes"), "plugin channel", "score fewer or shorter completions at once");
  }
  std::string frame;
  frame.reserve(kHeaderBytes + body.size());
  for (size_t i = 0; i < kHeaderBytes; ++i) frame += static_cast<char>((body.size() >> (8 * i)) & 0xFF);
  frame += body;
  return frame;
}

std::optional<std::string> FrameReader::next() {
  if (buffer_.size() < kHeaderBytes) return std::nullopt;
  size_t bytes = 0;
  for (size_t i = 0; i < kHeaderBytes; ++i) bytes |= static_cast<size_t>(static_cast<unsigned char>(buffer_[i])) << (8 * i);
  if (bytes > max_bytes_) {
    throw Error(cat("a message of ", bytes, " bytes, above the limit of ", max_bytes_), "plugin channel",
                "return shorter details and extras");
  }
  if (buffer_.size() < kHeaderBytes + bytes) return std::nullopt;
  std::string body = buffer_.substr(kHeaderBytes, bytes);
  buffer_.erase(0, kHeaderBytes + bytes);
  return body;
}

}  // namespace lockstep::rewards::plugins
