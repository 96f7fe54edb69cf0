// SPDX-License-Identifier: Apache-2.0
// A version of the weights as a stream of bytes: taken on the trainer's side, written into a model on the worker's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"

namespace lockstep::rollout::remote {

using Digest = std::array<uint8_t, 32>;  // SHA-256
using ConstTensors = std::vector<std::span<const std::byte>>;
using Tensors = std::vector<std::span<std::byte>>;

// One version's bytes; they do not change any more.
struct Weights {
  uint64_t version = 0, num_bytes = 0;
  Digest sha256{};
  std::string bytes;   // empty when they lie in `folder`
  std::string folder;  // empty when they are sent
};
std::shared_ptr<const Weights> copy_weights(uint64_t version, const ConstTensors& tensors);

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
  std::shared_ptr<const Weights> write(uint64_t version, const ConstTensors& tensors);

 private:
  std::string folder_, path_;
};

// Writes a stream into a model's tensors as it comes.
class WeightsWriter {
 public:
  explicit WeightsWriter(Tensors tensors);
  uint64_t num_bytes() const { return num_bytes_; }  // that the model has room for
  uint64_t offset() const { return offset_; }
  void write(std::string_view bytes);  // at most num_bytes() in all
  Digest digest() { return digest_of(sha_); }

  static Digest digest_of(base::Sha256& sha);

 private:
  Tensors tensors_;
  size_t tensor_ = 0, inside_ = 0;  // where the next byte goes
  uint64_t num_bytes_ = 0, offset_ = 0;
  base::Sha256 sha_;
};

// Reads weights_path(folder, version). What is wrong with the file, or nullopt: the model has its bytes.
std::optional<std::string> read_weights(const std::string& path, const Digest& sha256, WeightsWriter writer);

}  // namespace lockstep::rollout::remote
