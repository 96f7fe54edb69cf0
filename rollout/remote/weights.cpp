// SPDX-License-Identifier: Apache-2.0
// Copies, files and checksums of a version's bytes.
#include "rollout/remote/weights.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/text.h"

namespace lockstep::rollout::remote {
namespace {

constexpr size_t kReadAtOnce = size_t{1} << 20;
constexpr const char* kSuffix = ".weights";
constexpr const char* kUnfinished = ".weights.tmp";

void remove_leftovers(const std::string& folder) {
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    const size_t digits = std::min(name.find_first_not_of("0123456789"), name.size());
    const std::string rest = name.substr(digits);
    if (digits > 0 && (rest == kSuffix || rest == kUnfinished)) base::remove_tree(entry.path().string());
  }
}

const char* text_of(std::span<const std::byte> bytes) { return reinterpret_cast<const char*>(bytes.data()); }

}  // namespace

std::shared_ptr<const Weights> copy_weights(uint64_t version, const ConstTensors& tensors) {
  auto weights = std::make_shared<Weights>();
  weights->version = version;
  for (const auto& tensor : tensors) weights->num_bytes += tensor.size();
  weights->bytes.reserve(weights->num_bytes);
  base::Sha256 sha;
  for (const auto& tensor : tensors) {
    weights->bytes.append(text_of(tensor), tensor.size());
    sha.update(tensor.data(), tensor.size());
  }
  weights->sha256 = WeightsWriter::digest_of(sha);
  return weights;
}

std::string weights_path(const std::string& folder, uint64_t version) { return cat(folder, "/", version, kSuffix); }

WeightsFolder::WeightsFolder(const std::string& folder) : folder_(folder) {
  base::make_folders(folder_);
  remove_leftovers(folder_);
}

WeightsFolder::~WeightsFolder() {
  std::error_code ignored;  // nothing can be done about it here
  if (!path_.empty()) std::filesystem::remove(path_, ignored);
}

std::shared_ptr<const Weights> WeightsFolder::write(uint64_t version, const ConstTensors& tensors) {
  auto weights = std::make_shared<Weights>();
  weights->version = version;
  weights->folder = folder_;
  const std::string path = weights_path(folder_, version), unfinished = cat(folder_, "/", version, kUnfinished);
  std::ofstream out(unfinished, std::ios::binary | std::ios::trunc);
  base::Sha256 sha;
  for (const auto& tensor : tensors) {
    out.write(text_of(tensor), static_cast<std::streamsize>(tensor.size()));
    sha.update(tensor.data(), tensor.size());
    weights->num_bytes += tensor.size();
  }
  out.close();
  if (!out)
    throw Error(cat("cannot write ", weights->num_bytes, " bytes of weights: ", std::strerror(errno)), unfinished,
                "make room in the folder, or set workers.weights_folder to another one or to nothing");
  base::fsync_path(unfinished);
  base::rename_path(unfinished, path);
  if (!path_.empty() && path_ != path) base::remove_tree(path_);
  path_ = path;
  weights->sha256 = WeightsWriter::digest_of(sha);
  return weights;
}

WeightsWriter::WeightsWriter(Tensors tensors) : tensors_(std::move(tensors)) {
  for (const auto& tensor : tensors_) num_bytes_ += tensor.size();
}

void WeightsWriter::write(std::string_view bytes) {
  LOCKSTEP_CHECK(bytes.size() <= num_bytes_ - offset_, "more weights than the model has room for");
  sha_.update(bytes.data(), bytes.size());
  offset_ += bytes.size();
  while (!bytes.empty()) {
    const auto room = tensors_[tensor_].subspan(inside_);
    const size_t count = std::min(room.size(), bytes.size());
    if (count > 0) std::memcpy(room.data(), bytes.data(), count);
    bytes.remove_prefix(count);
    inside_ += count;
    if (count < room.size()) return;
    ++tensor_;
    inside_ = 0;
  }
}

Digest WeightsWriter::digest_of(base::Sha256& sha) {
  const std::string hex = sha.hex();
  const auto value = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  Digest digest;
  for (size_t i = 0; i < digest.size(); ++i)
    digest[i] = static_cast<uint8_t>(value(hex[2 * i]) << 4 | value(hex[2 * i + 1]));
  return digest;
}

std::optional<std::string> read_weights(const std::string& path, const Digest& sha256, WeightsWriter writer) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return cat("cannot open ", path, ": ", std::strerror(errno));
  std::string buffer(kReadAtOnce, '\0');
  while (writer.offset() < writer.num_bytes()) {
    in.read(buffer.data(),
            static_cast<std::streamsize>(std::min<uint64_t>(buffer.size(), writer.num_bytes() - writer.offset())));
    if (in.gcount() == 0) return cat(path, " ends after ", writer.offset(), " of ", writer.num_bytes(), " bytes");
    writer.write(std::string_view(buffer).substr(0, static_cast<size_t>(in.gcount())));
  }
  if (in.peek() != std::ifstream::traits_type::eof()) return cat(path, " has more than ", writer.num_bytes(), " bytes");
  if (writer.digest() != sha256) return cat(path, " has another checksum than the trainer's weights");
  return std::nullopt;
}

}  // namespace lockstep::rollout::remote
