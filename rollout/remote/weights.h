// SPDX-License-Identifier: Apache-2.0
// A version of the weights as a stream of bytes: taken on the trainer's side, written into a model on the worker's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"

namespace lockstep::rollout::remote {

// SHA-256 of the SHA-256s of the stream's parts of kDigestPart bytes (the last one may be shorter): parts can be hashed side
// by side.
using Digest = std::array<uint8_t, 32>;
inline constexpr uint64_t kDigestPart = uint64_t{4} << 20;
using ConstTensors = std::vector<std::span<const std::byte>>;
using Tensors = std::vector<std::span<std::byte>>;

// One version's bytes; they do not change any more.
struct Weights {
  uint64_t version = 0, num_bytes = 0;
  Digest sha256{};
  std::string bytes;   // empty when they lie in `folder`
  std::string folder;  // empty when they are sent
};
// On all threads, in the memory of `recycled` where it is enough: fresh pages cost more than the copy.
Weights copy_weights(uint64_t version, const ConstTensors& tensors, std::string recycled = {});

std::string weights_path(const std::string& folder, uint64_t version);  // "folder/17.weights"

// The folder that trainer and workers share. Holds one file at most: a version appears whole, under its final name, and the
// one before it goes; a worker that is reading that one finds out by its checksum, or not at all.
class WeightsFolder {
 public:
  // Makes the folder and removes what an earlier trainer left in it. Error when it cannot be written.
  explicit WeightsFolder(const std::string& folder);
  ~WeightsFolder();  // removes its file
  WeightsFolder(const WeightsFolder&) = delete;
  WeightsFolder& operator=(const WeightsFolder&) = delete;
  Weights write(uint64_t version, const ConstTensors& tensors);

 private:
  std::string folder_, path_;
};

// The digest of a stream that comes in order.
class StreamDigest {
 public:
  void update(std::string_view bytes);
  Digest finish();

 private:
  void close_part();
  base::Sha256 part_, whole_;
  uint64_t part_bytes_ = 0;
};

// Writes a stream into a model's tensors as it comes.
class WeightsWriter {
 public:
  explicit WeightsWriter(Tensors tensors);
  uint64_t num_bytes() const { return num_bytes_; }  // that the model has room for
  uint64_t offset() const { return offset_; }
  void write(std::string_view bytes);           // at most num_bytes() in all
  Digest digest() { return digest_.finish(); }  // once

 private:
  Tensors tensors_;
  size_t tensor_ = 0, inside_ = 0;  // where the next byte goes
  uint64_t num_bytes_ = 0, offset_ = 0;
  StreamDigest digest_;
};

// Reads weights_path(folder, version). What is wrong with the file, or nullopt: the model has its bytes.
std::optional<std::string> read_weights(const std::string& path, const Digest& sha256, WeightsWriter writer);

}  // namespace lockstep::rollout::remote
