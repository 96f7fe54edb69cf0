// SPDX-License-Identifier: Apache-2.0
// The header around a message, and the checks of it in the order in which they can be trusted.
#include "rollout/remote/frame.h"

#include <array>
#include <exception>
#include <limits>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/error.h"
#include "base/text.h"
#include "rollout/remote/message_bytes.h"

namespace lockstep::rollout::remote {
namespace {

constexpr std::string_view kMagic = "LSRW";
constexpr size_t kCheckedHeaderBytes = kFrameHeaderBytes - sizeof(uint32_t);

constexpr std::array<const char*, std::variant_size_v<Message>> kNames = {
    "Hello",        "WeightsReady", "WeightsCredit", "Result",    "Failure", "Welcome",   "Refusal",
    "WeightsBegin", "WeightsChunk", "Work",          "ResultAck", "Rejoin",  "Heartbeat", "Goodbye"};

// So that what is mostly one long text is allocated once.
size_t long_text_bytes(const Message& message) {
  const auto* chunk = std::get_if<WeightsChunk>(&message);
  return chunk == nullptr ? 0 : chunk->bytes.size();
}

BadFrame garbage(std::string reason) { return {.is_other_protocol = false, .reason = std::move(reason)}; }

std::variant<Envelope, BadFrame> decode_checked(std::string_view bytes) {
  if (bytes.size() < kFrameHeaderBytes) return garbage("shorter than a header");
  if (!bytes.starts_with(kMagic)) return garbage("no Lockstep frame");
  ByteReader header(bytes.substr(kMagic.size()));
  const auto version = header.number<uint16_t>();
  const auto type = header.number<uint16_t>();
  const auto payload_bytes = header.number<uint64_t>();
  const auto checksum = header.number<uint32_t>();
  if (version != kProtocolVersion) {
    return BadFrame{
        .is_other_protocol = true,
        .reason = cat("protocol ", version, ", here ", kProtocolVersion, ": run the same build on both sides")};
  }
  const std::string_view payload = bytes.substr(kFrameHeaderBytes);
  if (payload_bytes != payload.size()) return garbage("length differs");
  if (checksum != base::crc32c(payload, base::crc32c(bytes.substr(0, kCheckedHeaderBytes))))
    return garbage("checksum differs");
  ByteReader reader(payload);
  Envelope envelope;
  envelope.stamp.session = reader.number<uint64_t>();
  envelope.stamp.number = reader.number<uint64_t>();
  const char* bad_field = nullptr;
  std::optional<Message> message = read_message(reader, size_t{type} - 1, &bad_field);
  if (!message)
    return garbage(cat(type >= 1 && type <= kNames.size() ? kNames[type - 1u] : "message", ": ", bad_field));
  envelope.message = std::move(*message);
  return envelope;
}

}  // namespace

std::string encode(const Envelope& envelope) {
  ByteWriter payload;
  payload.reserve(kFrameHeaderBytes + 64 + long_text_bytes(envelope.message));
  payload.raw(std::string(kFrameHeaderBytes, '\0').data(), kFrameHeaderBytes);  // filled in below
  payload.number(envelope.stamp.session);
  payload.number(envelope.stamp.number);
  write_message(payload, envelope.message);
  std::string frame = payload.take();
  const std::string_view body = std::string_view(frame).substr(kFrameHeaderBytes);
  ByteWriter header;
  header.raw(kMagic.data(), kMagic.size());
  header.number(kProtocolVersion);
  header.number(static_cast<uint16_t>(envelope.message.index() + 1));
  header.number(uint64_t{body.size()});
  header.number(base::crc32c(body, base::crc32c(header.bytes())));
  header.bytes().copy(frame.data(), kFrameHeaderBytes);
  return frame;
}

std::variant<Envelope, BadFrame> decode(std::string_view bytes) noexcept {
  try {
    return decode_checked(bytes);
  } catch (const std::exception&) {  // memory
    return BadFrame{};
  }
}

const char* message_name(const Message& message) { return kNames.at(message.index()); }

}  // namespace lockstep::rollout::remote
