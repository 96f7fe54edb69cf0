// SPDX-License-Identifier: Apache-2.0
// Reading of safetensors files and of folders with an index.
#include <ATen/ops/empty.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <unordered_map>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "model/checkpoint_io.h"
#include "model/safetensors_header.h"

namespace lockstep::model {
namespace {

namespace fs = std::filesystem;
using base::Json;

class SafetensorsFile final : public TensorSource {
 public:
  explicit SafetensorsFile(const std::string& path) : file_(path) {
    header_ = parse_safetensors_header({file_.data(), file_.size()}, path);
    for (size_t i = 0; i < header_.entries.size(); ++i) {
      names_.push_back(header_.entries[i].name);
      index_.emplace(header_.entries[i].name, i);
    }
  }

  const std::vector<std::string>& names() const override { return names_; }
  bool has(const std::string& name) const override { return index_.contains(name); }
  std::vector<int64_t> shape(const std::string& name) const override { return entry(name).shape; }

  Tensor tensor(const std::string& name) const override {
    const SafetensorsEntry& found = entry(name);
    const uint8_t* data = file_.data() + found.begin;
    const size_t bytes = found.end - found.begin;
    if (found.dtype == at::kBool) check_booleans(found, data, bytes);
    Tensor result = at::empty(found.shape, at::TensorOptions().dtype(found.dtype));
    if (bytes > 0)
      std::memcpy(result.mutable_data_ptr(), data, bytes);  // by bytes: the data may be unaligned
    return result;
  }

 private:
  const SafetensorsEntry& entry(const std::string& name) const {
    const auto found = index_.find(name);
    if (found == index_.end()) {
      throw Error(cat("there is no tensor ", base::printable(name)), file_.path(),
                  "check that the file belongs to this model");
    }
    return header_.entries[found->second];
  }

  // A bool that is neither 0 nor 1 is undefined behaviour in every program that reads it.
  void check_booleans(const SafetensorsEntry& entry, const uint8_t* data, size_t bytes) const {
    const uint8_t* bad = std::find_if(data, data + bytes, [](uint8_t value) { return value > 1; });
    if (bad == data + bytes) return;
    throw Error(cat("a BOOL has the value ", int{*bad}),
                cat(file_.path(), ": tensor ", base::printable(entry.name), ", byte ", bad - file_.data()),
                "write 0 or 1");
  }

  base::MappedFile file_;
  SafetensorsHeader header_;
  std::vector<std::string> names_;
  std::unordered_map<std::string, size_t> index_;
};

// The shards of a folder behind one interface; only the tensors that the index lists exist.
class ShardedFolder final : public TensorSource {
 public:
  explicit ShardedFolder(const std::string& folder);

  const std::vector<std::string>& names() const override { return names_; }
  bool has(const std::string& name) const override { return index_.contains(name); }
  std::vector<int64_t> shape(const std::string& name) const override { return shard(name).shape(name); }
  Tensor tensor(const std::string& name) const override { return shard(name).tensor(name); }

 private:
  const TensorSource& shard(const std::string& name) const {
    const auto found = index_.find(name);
    if (found == index_.end()) {
      throw Error(cat("there is no tensor ", base::printable(name)), index_path_,
                  "check that the folder belongs to this model");
    }
    return *shards_[found->second];
  }
  size_t open_shard(const fs::path& folder, const std::string& file_name);

  std::string index_path_;
  std::vector<std::unique_ptr<TensorSource>> shards_;
  std::vector<std::string> names_;
  std::unordered_map<std::string, size_t> index_;
};

// Without the exceptions of the standard library: what cannot be looked at is reported when it is opened.
bool file_exists(const fs::path& path) {
  std::error_code failure;
  return fs::exists(path, failure);
}

// The folder itself; and for snapshots of the Hugging Face cache, whose files are links into blobs/, that
// folder too.
bool is_inside(const fs::path& folder, const fs::path& file) {
  std::error_code failure;
  const fs::path home = fs::canonical(folder, failure);
  if (failure) return false;
  const fs::path target = fs::canonical(file, failure).parent_path();
  if (failure) return false;
  if (target == home) return true;
  return home.parent_path().filename() == "snapshots" && target == home.parent_path().parent_path() / "blobs";
}

size_t ShardedFolder::open_shard(const fs::path& folder, const std::string& file_name) {
  const std::string where = cat(index_path_, ": weight_map");
  const bool has_control =
      std::any_of(file_name.begin(), file_name.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  const bool is_plain =
      file_name.find_first_of("/\\") == std::string::npos && file_name.ends_with(".safetensors");
  if (has_control || !is_plain) {
    throw Error(cat("the shard \"", base::printable(file_name), "\" is no plain name of a .safetensors file"),
                where, "name files of the same folder only");
  }
  const fs::path path = folder / file_name;
  if (file_exists(path) && !is_inside(folder, path)) {
    throw Error(cat("the shard \"", file_name, "\" is a link to a file outside the folder"), where,
                "copy the file into the folder");
  }
  shards_.push_back(open_safetensors(path.string()));
  return shards_.size() - 1;
}

ShardedFolder::ShardedFolder(const std::string& folder)
    : index_path_((fs::path(folder) / "model.safetensors.index.json").string()) {
  const Json json = base::parse_json_file(index_path_, {.max_depth = 8, .max_bytes = kMaxSafetensorsHeader});
  const auto map = json.is_object() ? json.find("weight_map") : json.end();
  if (!json.is_object() || map == json.end() || !map->is_object() || map->empty()) {
    throw Error("the index has no weight_map from tensor names to files", index_path_,
                "fetch the index again");
  }
  std::unordered_map<std::string, size_t> opened;
  for (const auto& [name, file] : map->items()) {
    if (!file.is_string()) {
      throw Error(cat("the file of tensor ", base::printable(name), " is no string"),
                  cat(index_path_, ": weight_map"), "fetch the index again");
    }
    const std::string file_name = file.get<std::string>();
    auto known = opened.find(file_name);
    if (known == opened.end()) known = opened.emplace(file_name, open_shard(folder, file_name)).first;
    if (!shards_[known->second]->has(name)) {
      throw Error(cat("the index places tensor ", base::printable(name), " in ", file_name,
                      ", which does not hold it"),
                  cat(index_path_, ": weight_map"), "fetch the index and the file again");
    }
    index_.emplace(name, known->second);
    names_.push_back(name);
  }
}

}  // namespace

std::unique_ptr<TensorSource> open_safetensors(const std::string& file) {
  return std::make_unique<SafetensorsFile>(file);
}

std::unique_ptr<TensorSource> open_safetensors_folder(const std::string& folder) {
  // The order of transformers: the single file wins.
  const fs::path path(folder);
  if (file_exists(path / "model.safetensors")) return open_safetensors((path / "model.safetensors").string());
  if (file_exists(path / "model.safetensors.index.json")) return std::make_unique<ShardedFolder>(folder);
  throw Error("the folder has neither model.safetensors nor model.safetensors.index.json", folder,
              "give a model folder with safetensors weights; convert .bin or .pt files first");
}

}  // namespace lockstep::model
