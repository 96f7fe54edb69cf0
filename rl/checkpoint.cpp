// SPDX-License-Identifier: Apache-2.0
// Writing a checkpoint, and verifying one.
#include "rl/checkpoint.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "base/file_handle.h"
#include "base/text.h"
#include "rl/checkpoint_folders.h"

namespace lockstep::rl {
namespace {

constexpr const char* kBrokenFix = "resume from an earlier checkpoint; this one is incomplete or damaged";
constexpr size_t kMaxManifestBytes = 64u << 20;

uint64_t file_size(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) base::throw_errno("stat file", path, errno);
  return static_cast<uint64_t>(status.st_size);
}

// Puts `from` at `to`. Where `to` exists the two are exchanged in one step, so that a whole folder is there at any time.
void move_into_place(const std::string& from, const std::string& to, const std::string& dir) {
  if (!std::filesystem::exists(to)) return base::rename_path(from, to);
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_EXCHANGE) != 0) {
    base::throw_errno(cat("exchange ", from, " with"), to, errno);
  }
  base::fsync_path(dir);
  base::remove_tree(from);  // now the old one
}

}  // namespace

CheckpointWriter::CheckpointWriter(std::string dir, int64_t step) : dir_(std::move(dir)) {
  LOCKSTEP_CHECK(step >= 0, cat("step ", step));
  base::make_folders(dir_);
  base::fsync_path(std::filesystem::absolute(dir_).parent_path().string());  // DIR itself may be new
  folder_ = temporary_path(dir_, step);
  manifest_.step = step;
  base::make_folders(folder_);
}

CheckpointWriter::~CheckpointWriter() {
  if (is_committed_) return;
  try {
    base::remove_tree(folder_);
  } catch (const Error&) {
    // The Error that ended the save is on its way already; remove_stale() takes care of the folder.
  }
}

std::string CheckpointWriter::path(const std::string& name) const {
  check_file_name(name, folder_);
  return cat(folder_, "/", name);
}

void CheckpointWriter::write_tensors(const std::string& name,
                                     const std::vector<model::NamedTensor>& tensors,
                                     const std::map<std::string, std::string>& metadata) {
  model::write_safetensors(path(name), tensors, metadata);
  add(name);
}

void CheckpointWriter::write_json(const std::string& name, const base::Json& json) {
  base::write_file_atomic(path(name), json.dump(1) + "\n");
  add(name);
}

void CheckpointWriter::add(const std::string& name) {
  LOCKSTEP_CHECK(!is_committed_, "the checkpoint is committed");
  const bool is_known = std::any_of(manifest_.files.begin(), manifest_.files.end(),
                                    [&](const ManifestFile& file) { return file.name == name; });
  LOCKSTEP_CHECK(!is_known, cat(name, " is written twice"));
  base::fsync_path(path(name));
  manifest_.files.push_back({name, file_size(path(name)), base::sha256_file(path(name))});
}

std::string CheckpointWriter::commit(const base::Json& info) {
  LOCKSTEP_CHECK(!is_committed_, "the checkpoint is committed");
  manifest_.info = info;
  base::write_file_atomic(cat(folder_, "/", kManifestName), manifest_text(manifest_));
  base::fsync_path(folder_);
  const std::string target = checkpoint_path(dir_, manifest_.step);
  move_into_place(folder_, target, dir_);
  is_committed_ = true;
  return target;
}

bool Checkpoint::has(const std::string& name) const {
  return std::any_of(manifest.files.begin(), manifest.files.end(),
                     [&](const ManifestFile& file) { return file.name == name; });
}

std::string Checkpoint::file(const std::string& name) const {
  if (!has(name)) {
    throw Error(cat("the checkpoint has no file ", name), path, "resume from a checkpoint of the same kind of run");
  }
  return cat(path, "/", name);
}

Checkpoint verify_checkpoint(const std::string& path) {
  const std::string manifest_path = cat(path, "/", kManifestName);
  Checkpoint out{path, parse_manifest(base::read_file(manifest_path, kMaxManifestBytes), manifest_path)};
  const std::string name = std::filesystem::path(path).filename().string();
  if (name != cat("step_", out.step())) {
    throw Error(cat("the manifest is of step ", out.step()), manifest_path, kBrokenFix);
  }
  for (const ManifestFile& file : out.manifest.files) {  // the cheap test first
    const std::string at = out.file(file.name);
    const uint64_t bytes = file_size(at);
    if (bytes != file.bytes)
      throw Error(cat("the file has ", bytes, " bytes, the manifest says ", file.bytes), at, kBrokenFix);
  }
  for (const ManifestFile& file : out.manifest.files) {
    const std::string at = out.file(file.name);
    if (base::sha256_file(at) != file.sha256) throw Error("the SHA-256 differs from the manifest's", at, kBrokenFix);
  }
  return out;
}

}  // namespace lockstep::rl
