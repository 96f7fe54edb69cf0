// SPDX-License-Identifier: Apache-2.0
// Copies, files and checksums of a version's bytes.
#include "rollout/remote/weights.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <tuple>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

namespace lockstep::rollout::remote {
namespace {

constexpr size_t kReadAtOnce = size_t{1} << 20;
constexpr size_t kAhead = 16 * kBlockBytes;  // bytes that are fetched while others are changed
constexpr size_t kPieceBytes = size_t{1} << 20;
constexpr double kMaxChanges = 0.75;  // of the weights' own bytes: above that, they are sent as they are
static_assert(kDigestPart % kBlockBytes == 0, "parts are cut between blocks");
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

uint64_t size_of(const ConstTensors& tensors) {
  uint64_t sum = 0;
  for (const auto& tensor : tensors) sum += tensor.size();
  return sum;
}

// Calls `use` for two parts of kDigestPart bytes at a time, or for less of them at the end, on all threads: their texts one
// behind the other, copied, and the number of the first. Returns the digest of the stream.
Digest for_parts(const ConstTensors& tensors,
                 base::ThreadPool& pool,
                 const std::function<void(size_t part, std::string_view text)>& use) {
  const uint64_t num_bytes = size_of(tensors), num_parts = (num_bytes + kDigestPart - 1) / kDigestPart;
  std::vector<Digest> parts(num_parts);
  pool.parallel_for(static_cast<int>((num_parts + 1) / 2), [&](int pair) {
    const size_t part = 2 * static_cast<size_t>(pair);
    const uint64_t begin = part * kDigestPart;
    thread_local std::string copy;
    copy.resize(std::min(2 * kDigestPart, num_bytes - begin));
    copy_part(tensors, begin, copy);
    const std::string_view text = copy, first = text.substr(0, kDigestPart), second = text.substr(first.size());
    if (first.size() == second.size()) {
      const auto both = base::sha256_digests(first, second);
      std::copy(both.begin(), both.end(), parts.begin() + static_cast<std::ptrdiff_t>(part));
    } else {
      parts[part] = base::sha256_digest(first);
      if (!second.empty()) parts[part + 1] = base::sha256_digest(second);
    }
    if (use) use(part, text);
  });
  return base::sha256_digest({reinterpret_cast<const char*>(parts.data()), parts.size() * sizeof(Digest)});
}

// The changes of all parts, put together to pieces of about kPieceBytes.
Changes join(const Digest& base, const std::vector<std::string>& parts) {
  Changes changes;
  changes.base = base;
  for (size_t p = 0; p < parts.size(); ++p) {
    if (changes.starts.empty() || changes.bytes.size() + parts[p].size() > changes.starts.back() + kPieceBytes) {
      changes.begins.push_back(2 * p * kDigestPart);
      changes.starts.push_back(changes.bytes.size());
    }
    changes.bytes += parts[p];
  }
  return changes;
}

}  // namespace

Digest digest_of(const ConstTensors& tensors, base::ThreadPool& pool) { return for_parts(tensors, pool, {}); }

Weights copy_weights(uint64_t version, const ConstTensors& tensors, base::ThreadPool& pool, Weights before) {
  Weights weights;
  weights.version = version;
  weights.num_bytes = size_of(tensors);
  weights.bytes = std::move(before.bytes);
  const bool has_before = weights.num_bytes > 0 && weights.bytes.size() == weights.num_bytes;
  weights.bytes.resize(weights.num_bytes);
  std::vector<std::string> changes((weights.num_bytes + 2 * kDigestPart - 1) / (2 * kDigestPart));
  std::atomic<uint64_t> num_compared{0}, num_changes{0};
  std::atomic<bool> pays{has_before};
  weights.sha256 = for_parts(tensors, pool, [&](size_t part, std::string_view text) {
    const std::span<char> old = std::span(weights.bytes).subspan(part * kDigestPart, text.size());
    if (pays) {
      std::string& out = changes[part / 2];
      out.reserve(text.size() / 8);
      append_changes(out, {old.data(), old.size()}, text);
      const uint64_t compared = num_compared += text.size();
      if (static_cast<double>(num_changes += out.size()) > kMaxChanges * static_cast<double>(compared)) pays = false;
    }
    std::memcpy(old.data(), text.data(), text.size());
  });
  if (pays) weights.changes = join(before.sha256, changes);
  return weights;
}

Piece Weights::piece(uint64_t begin) const {
  const auto text = std::string_view(bytes).substr(begin, kPieceBytes);
  return {begin + text.size(), text};
}

Piece Weights::piece_of_changes(uint64_t begin) const {
  const auto found = std::lower_bound(changes->begins.begin(), changes->begins.end(), begin);
  const auto i = static_cast<size_t>(found - changes->begins.begin());
  const bool is_last = i + 1 == changes->begins.size();
  const size_t start = changes->starts.at(i), end = is_last ? changes->bytes.size() : changes->starts[i + 1];
  return {is_last ? num_bytes : changes->begins[i + 1], std::string_view(changes->bytes).substr(start, end - start)};
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

Weights WeightsFolder::write(uint64_t version, const ConstTensors& tensors, base::ThreadPool& pool) {
  Weights weights;
  weights.version = version;
  weights.num_bytes = size_of(tensors);
  weights.folder = folder_;
  const std::string path = weights_path(folder_, version), unfinished = cat(folder_, "/", version, kUnfinished);
  std::ofstream out(unfinished, std::ios::binary | std::ios::trunc);
  for (const auto& tensor : tensors) out.write(text_of(tensor), static_cast<std::streamsize>(tensor.size()));
  out.close();
  if (!out)
    throw Error(cat("cannot write ", weights.num_bytes, " bytes of weights: ", std::strerror(errno)), unfinished,
                "make room in the folder, or set workers.weights_folder to another one or to nothing");
  base::fsync_path(unfinished);
  base::rename_path(unfinished, path);
  if (!path_.empty() && path_ != path) base::remove_tree(path_);
  path_ = path;
  weights.sha256 = digest_of(tensors, pool);
  return weights;
}

WeightsWriter::WeightsWriter(Tensors tensors) : tensors_(std::move(tensors)) {
  for (const auto& tensor : tensors_) num_bytes_ += tensor.size();
}

// Calls `use(place, bytes of the piece, how many)` for the next `count` bytes, tensor by tensor.
template <class Use>
void WeightsWriter::advance(size_t count, const Use& use) {
  offset_ += count;
  for (size_t done = 0; done < count;) {
    const auto room = tensors_[tensor_].subspan(inside_);
    const size_t now = std::min(room.size(), count - done);
    if (now > 0) use(room.data(), done, now);
    done += now;
    inside_ += now;
    if (now < room.size()) return;
    ++tensor_;
    inside_ = 0;
  }
}

bool WeightsWriter::write(std::string_view bytes) {
  if (bytes.size() > num_bytes_ - offset_) return false;
  advance(bytes.size(),
          [&](std::byte* place, size_t at, size_t count) { std::memcpy(place, bytes.data() + at, count); });
  return true;
}

bool WeightsWriter::write_changes(std::string_view bytes) {
  while (!bytes.empty()) {
    if (num_bytes_ - offset_ < kBlockBytes) return bytes.size() == num_bytes_ - offset_ && write(bytes);
    BlockChanges block;
    if (!take_block(bytes, block)) return false;
    put(block);
  }
  return true;
}

void WeightsWriter::put(const BlockChanges& block) {
  if (tensor_ < tensors_.size() && tensors_[tensor_].size() - inside_ > kBlockBytes) {  // the usual case
    std::byte* const place = tensors_[tensor_].data() + inside_;
    __builtin_prefetch(place + kAhead, 1);  // what lies between changes is skipped, which no processor foresees
    __builtin_prefetch(place + kAhead + kBlockBytes / 2, 1);
    apply(block, place);
    inside_ += kBlockBytes;
    offset_ += kBlockBytes;
    return;
  }
  std::array<std::byte, kBlockBytes> copy;
  const auto at = std::tuple(tensor_, inside_, offset_);
  advance(kBlockBytes, [&](const std::byte* place, size_t i, size_t count) { std::memcpy(&copy[i], place, count); });
  apply(block, copy.data());
  std::tie(tensor_, inside_, offset_) = at;
  advance(kBlockBytes, [&](std::byte* place, size_t i, size_t count) { std::memcpy(place, &copy[i], count); });
}

std::optional<std::string> read_weights(const std::string& path, WeightsWriter writer) {
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
  return std::nullopt;
}

}  // namespace lockstep::rollout::remote
