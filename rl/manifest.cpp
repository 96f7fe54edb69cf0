// SPDX-License-Identifier: Apache-2.0
// Writing manifests in one canonical form, and refusing every other.
#include "rl/manifest.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

namespace lockstep::rl {
namespace {

using base::Json;

constexpr int kVersion = 1;
constexpr const char* kBrokenFix = "resume from an earlier checkpoint; this one is incomplete or damaged";

Json to_json(const Manifest& manifest) {
  Json files = Json::array();
  for (const ManifestFile& file : manifest.files) {
    files.push_back({{"name", file.name}, {"bytes", file.bytes}, {"sha256", file.sha256}});
  }
  return {{"format", "lockstep-checkpoint"},
          {"version", kVersion},
          {"step", manifest.step},
          {"files", files},
          {"info", manifest.info}};
}

Manifest from_json(const Json& json, const std::string& path) {
  const auto fail = [&](const std::string& what) -> void { throw Error(what, path, kBrokenFix); };
  const Json& body = json.at("manifest");
  if (body.at("format") != "lockstep-checkpoint") fail("not a checkpoint of Lockstep");
  if (body.at("version") != kVersion) {
    throw Error(cat("checkpoint format version ", body.at("version").dump(), ", this program reads ", kVersion), path,
                "use the version of Lockstep that wrote the checkpoint");
  }
  Manifest out;
  out.step = body.at("step").get<int64_t>();
  out.info = body.at("info");
  std::set<std::string> names;
  for (const Json& file : body.at("files")) {
    out.files.push_back(
        {file.at("name").get<std::string>(), file.at("bytes").get<uint64_t>(), file.at("sha256").get<std::string>()});
    check_file_name(out.files.back().name, path);
    if (!names.insert(out.files.back().name).second) fail(cat("the manifest names ", out.files.back().name, " twice"));
  }
  return out;
}

}  // namespace

std::string manifest_text(const Manifest& manifest) {
  const Json body = to_json(manifest);
  return Json({{"manifest", body}, {"sha256", base::sha256_hex(body.dump())}}).dump(1) + "\n";
}

Manifest parse_manifest(std::string_view text, const std::string& path) {
  Manifest manifest;
  try {
    manifest = from_json(base::parse_json(text, path), path);
  } catch (const base::Json::exception& error) {
    throw Error(cat("the manifest lacks a field or has one of another kind: ", error.what()), path, kBrokenFix);
  }
  if (manifest_text(manifest) != text) throw Error("the manifest does not match its own checksum", path, kBrokenFix);
  return manifest;
}

void check_file_name(const std::string& name, const std::string& where) {
  const bool has_bad_byte = std::any_of(
      name.begin(), name.end(), [](char c) { return c == '/' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (name.empty() || name == "." || name == ".." || name == kManifestName || has_bad_byte) {
    throw Error(cat("not a name for a file of a checkpoint: \"", base::printable(name), "\""), where,
                "use a plain file name");
  }
}

}  // namespace lockstep::rl
