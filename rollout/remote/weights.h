// SPDX-License-Identifier: Apache-2.0
// A version of the weights as a stream of bytes: taken on the trainer's side, written into a model on the worker's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/sha256_digest.h"
#include "base/thread_pool.h"
#include "rollout/remote/changes.h"

namespace lockstep::rollout::remote {

// SHA-256 of the SHA-256s of the stream's parts of kDigestPart bytes (the last one may be shorter): parts can be hashed side
// by side.
using Digest = base::Sha256Digest;
inline constexpr uint64_t kDigestPart = uint64_t{1} << 20;
using ConstTensors = std::vector<std::span<const std::byte>>;
using Tensors = std::vector<std::span<std::byte>>;
Digest digest_of(const ConstTensors& tensors, base::ThreadPool& pool);

// A piece of the weights, or of what is new in them, that travels in one message.
struct Piece {
  uint64_t end = 0;  // of the stream's bytes that it stands for
  std::string_view bytes;
};

// How a version differs from the one before it.
struct Changes {
  Digest base{};                 // of the version before
  std::string bytes;             // as changes.h says
  std::vector<uint64_t> begins;  // of each piece: in the stream,
  std::vector<size_t> starts;    // and in `bytes`
};

// One version's bytes; they do not change any more.
struct Weights {
  uint64_t version = 0, num_bytes = 0;
  Digest sha256{};
  std::string bytes;                              // empty when they lie in `folder`
  std::string folder;                             // empty when they are sent
  std::optional<Changes> changes = std::nullopt;  // nullopt: there was no version before, or most of it is new

  // From byte `begin` of the stream on, where the piece before it ended.
  Piece piece(uint64_t begin) const;
  Piece piece_of_changes(uint64_t begin) const;
};
// In the memory of the version before, if there is one: fresh pages cost more than the copy.
Weights copy_weights(uint64_t version, const ConstTensors& tensors, base::ThreadPool& pool, Weights before = {});

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
  Weights write(uint64_t version, const ConstTensors& tensors, base::ThreadPool& pool);

 private:
  std::string folder_, path_;
};

// Writes a stream into a model's tensors as it comes, or puts its changes into the version that is there.
class WeightsWriter {
 public:
  explicit WeightsWriter(Tensors tensors);
  uint64_t num_bytes() const { return num_bytes_; }  // that the model has room for
  uint64_t offset() const { return offset_; }        // where the next piece begins
  // False when the piece is no such thing, or more than the model has room for; the model is damaged then.
  bool write(std::string_view bytes);
  bool write_changes(std::string_view bytes);

 private:
  void put(const BlockChanges& block);
  template <class Use>
  void advance(size_t count, const Use& use);

  Tensors tensors_;
  size_t tensor_ = 0, inside_ = 0;  // where the next byte goes
  uint64_t num_bytes_ = 0, offset_ = 0;
};

// Reads weights_path(folder, version). What is wrong with the file, or nullopt: the model has its bytes, whatever they are.
std::optional<std::string> read_weights(const std::string& path, WeightsWriter writer);

}  // namespace lockstep::rollout::remote
