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
#include "base/thread_pool.h"

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

Digest digest_of(base::Sha256& sha) {
  const std::string hex = sha.hex();
  const auto value = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  Digest digest;
  for (size_t i = 0; i < digest.size(); ++i)
    digest[i] = static_cast<uint8_t>(value(hex[2 * i]) << 4 | value(hex[2 * i + 1]));
  return digest;
}

// Bytes [offset, offset + out.size()) of the stream.
void copy_part(const ConstTensors& tensors, uint64_t offset, std::span<char> out) {
  for (const auto& tensor : tensors) {
    if (out.empty()) return;
    if (offset >= tensor.size()) {
      offset -= tensor.size();
      continue;
    }
    const size_t count = std::min(tensor.size() - offset, out.size());
    std::memcpy(out.data(), tensor.data() + offset, count);
    out = out.subspan(count);
    offset = 0;
  }
}

}  // namespace

Weights copy_weights(uint64_t version, const ConstTensors& tensors, std::string recycled) {
  Weights weights;
  weights.version = version;
  for (const auto& tensor : tensors) weights.num_bytes += tensor.size();
  weights.bytes = std::move(recycled);
  weights.bytes.resize(weights.num_bytes);
  const auto num_parts = (weights.num_bytes + kDigestPart - 1) / kDigestPart;
  std::vector<Digest> parts(num_parts);
  base::ThreadPool pool(base::default_num_threads());
  pool.parallel_for(static_cast<int>(num_parts), [&](int i) {
    const uint64_t begin = static_cast<uint64_t>(i) * kDigestPart;
    const auto part = std::span(weights.bytes).subspan(begin, std::min(kDigestPart, weights.num_bytes - begin));
    copy_part(tensors, begin, part);
    base::Sha256 sha;
    sha.update(part.data(), part.size());
    parts[static_cast<size_t>(i)] = digest_of(sha);
  });
  base::Sha256 whole;
  for (const Digest& part : parts) whole.update(part.data(), part.size());
  weights.sha256 = digest_of(whole);
  return weights;
}

void StreamDigest::update(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string_view now = bytes.substr(0, kDigestPart - part_bytes_);
    part_.update(now.data(), now.size());
    part_bytes_ += now.size();
    bytes.remove_prefix(now.size());
    if (part_bytes_ == kDigestPart) close_part();
  }
}

void StreamDigest::close_part() {
  const Digest digest = digest_of(part_);
  whole_.update(digest.data(), digest.size());
  part_ = base::Sha256();
  part_bytes_ = 0;
}

Digest StreamDigest::finish() {
  if (part_bytes_ > 0) close_part();
  return digest_of(whole_);
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

Weights WeightsFolder::write(uint64_t version, const ConstTensors& tensors) {
  Weights weights;
  weights.version = version;
  weights.folder = folder_;
  const std::string path = weights_path(folder_, version), unfinished = cat(folder_, "/", version, kUnfinished);
  std::ofstream out(unfinished, std::ios::binary | std::ios::trunc);
  StreamDigest digest;
  for (const auto& tensor : tensors) {
    out.write(text_of(tensor), static_cast<std::streamsize>(tensor.size()));
    digest.update({text_of(tensor), tensor.size()});
    weights.num_bytes += tensor.size();
  }
  out.close();
  if (!out)
    throw Error(cat("cannot write ", weights.num_bytes, " bytes of weights: ", std::strerror(errno)), unfinished,
                "make room in the folder, or set workers.weights_folder to another one or to nothing");
  base::fsync_path(unfinished);
  base::rename_path(unfinished, path);
  if (!path_.empty() && path_ != path) base::remove_tree(path_);
  path_ = path;
  weights.sha256 = digest.finish();
  return weights;
}

WeightsWriter::WeightsWriter(Tensors tensors) : tensors_(std::move(tensors)) {
  for (const auto& tensor : tensors_) num_bytes_ += tensor.size();
}

void WeightsWriter::write(std::string_view bytes) {
  LOCKSTEP_CHECK(bytes.size() <= num_bytes_ - offset_, "more weights than the model has room for");
  digest_.update(bytes);
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
