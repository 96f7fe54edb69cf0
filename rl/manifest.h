// SPDX-License-Identifier: Apache-2.0
// manifest.json of a checkpoint: which files it holds, their sizes and checksums, and a checksum of itself.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace lockstep::rl {

struct ManifestFile {
  std::string name;  // a plain file name inside the checkpoint's folder
  uint64_t bytes = 0;
  std::string sha256;  // of the content, lower-case hex
};

struct Manifest {
  int64_t step = 0;  // updates done when the checkpoint was written
  std::vector<ManifestFile> files;
  base::Json info;  // what the trainer needs to go on: config hash, data cursor, seeds, versions
};

inline constexpr std::string_view kManifestName = "manifest.json";

// The one text of a manifest: {"manifest": {...}, "sha256": checksum of the compact dump of "manifest"}.
std::string manifest_text(const Manifest& manifest);

// Error (where = path) unless `text` is byte for byte what manifest_text makes of it: any flipped bit is found.
Manifest parse_manifest(std::string_view text, const std::string& path);

// Error unless `name` is a plain file name: not empty, no '/', not "." or "..", no control characters, not the manifest's.
void check_file_name(const std::string& name, const std::string& where);

}  // namespace lockstep::rl
