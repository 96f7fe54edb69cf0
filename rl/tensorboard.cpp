// SPDX-License-Identifier: Apache-2.0
// Frames and protobuf fields of TensorBoard event files.
#include "rl/tensorboard.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <bit>
#include <cerrno>
#include <cmath>

#include "base/crc32c.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

namespace lockstep::rl {
namespace {

template <class Unsigned>
void append_little_endian(std::string& out, Unsigned value) {
  for (size_t i = 0; i < sizeof(Unsigned); ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
}

void append_varint(std::string& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>((value & 0x7f) | 0x80);
  out += static_cast<char>(value);
}

// Field numbers and wire types of tensorflow/core/util/event.proto and framework/summary.proto.
enum WireType : uint32_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

void append_tag(std::string& out, uint32_t field, WireType type) { append_varint(out, field << 3 | type); }

void append_bytes(std::string& out, uint32_t field, std::string_view data) {
  append_tag(out, field, kBytes);
  append_varint(out, data.size());
  out += data;
}

std::string event(double wall_time, int64_t step) {
  std::string out;
  append_tag(out, 1, kFixed64);  // double wall_time = 1
  append_little_endian(out, std::bit_cast<uint64_t>(wall_time));
  if (step != 0) {
    append_tag(out, 2, kVarint);  // int64 step = 2
    append_varint(out, static_cast<uint64_t>(step));
  }
  return out;
}

std::string event_file_name(double wall_time) {
  static std::atomic<uint64_t> counter{0};
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  return cat("events.out.tfevents.", static_cast<int64_t>(wall_time), ".", host.data(), ".", ::getpid(), ".",
             counter.fetch_add(1));
}

}  // namespace

uint32_t masked_crc32c(std::string_view data) { return std::rotr(base::crc32c(data), 15) + 0xa282ead8u; }

std::string tfrecord(std::string_view data) {
  std::string out;
  append_little_endian(out, static_cast<uint64_t>(data.size()));
  append_little_endian(out, masked_crc32c(out));
  out += data;
  append_little_endian(out, masked_crc32c(data));
  return out;
}

std::string version_event(double wall_time) {
  std::string out = event(wall_time, 0);
  append_bytes(out, 3, "brain.Event:2");  // string file_version = 3
  return out;
}

std::string scalars_event(int64_t step, const std::vector<std::pair<std::string, double>>& values, double wall_time) {
  std::string summary;
  for (const auto& [name, value] : values) {
    std::string entry;
    append_bytes(entry, 1, name);    // Summary.Value.tag = 1
    append_tag(entry, 2, kFixed32);  // float Summary.Value.simple_value = 2
    append_little_endian(entry, std::bit_cast<uint32_t>(static_cast<float>(value)));
    append_bytes(summary, 1, entry);  // repeated Value value = 1
  }
  std::string out = event(wall_time, step);
  append_bytes(out, 5, summary);  // Summary summary = 5
  return out;
}

std::string restart_event(int64_t step, double wall_time) {
  std::string session;
  append_tag(session, 1, kVarint);  // SessionLog.status = 1
  append_varint(session, 1);        // START
  std::string out = event(wall_time, step);
  append_bytes(out, 7, session);  // SessionLog session_log = 7
  return out;
}

EventFile::EventFile(const std::string& dir, double wall_time) {
  base::make_folders(dir);
  path_ = cat(dir, "/", event_file_name(wall_time));
  file_ = base::FileHandle(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644));
  if (file_.number() < 0) base::throw_errno("create file", path_, errno);
  base::write_all(file_, tfrecord(version_event(wall_time)), path_);
}

void EventFile::write_scalars(int64_t step,
                              const std::vector<std::pair<std::string, double>>& values,
                              double wall_time) {
  base::write_all(file_, tfrecord(scalars_event(step, values, wall_time)), path_);
}

void EventFile::restart_after(int64_t step, double wall_time) {
  base::write_all(file_, tfrecord(restart_event(step + 1, wall_time)), path_);
}

void EventFile::flush() { base::fsync_handle(file_, path_); }

}  // namespace lockstep::rl
