// SPDX-License-Identifier: Apache-2.0
// Manifests: one text for each, nothing else accepted, hostile names refused.
#include "rl/manifest.h"

#include <doctest/doctest.h>

#include "base/text.h"
#include "tests/support/errors.h"

namespace lockstep {

using test::check_error;

namespace {

rl::Manifest sample() {
  return {.step = 120,
          .files = {{"model.safetensors", 4096, std::string(64, 'a')}, {"state.json", 7, std::string(64, '0')}},
          .info = {{"config_hash", "12"}, {"seed", 7}}};
}

// The text of a manifest whose JSON was changed and whose checksum was made to fit again.
std::string forged(const std::string& from, const std::string& to) {
  rl::Manifest manifest = sample();
  std::string text = rl::manifest_text(manifest);
  text.replace(text.find(from), from.size(), to);
  return text;
}

}  // namespace

TEST_CASE("manifest: parsing gives back what was written") {
  const rl::Manifest out = rl::parse_manifest(rl::manifest_text(sample()), "m");
  CHECK(out.step == 120);
  CHECK(out.files.size() == 2);
  CHECK(out.files[1].name == "state.json");
  CHECK(out.files[0].bytes == 4096);
  CHECK(out.info == sample().info);
}

TEST_CASE("manifest: every single flipped bit and every truncation is found") {
  const std::string text = rl::manifest_text(sample());
  for (size_t i = 0; i < text.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = text;
      flipped[i] = static_cast<char>(flipped[i] ^ (1 << bit));
      CHECK_THROWS_AS(rl::parse_manifest(flipped, "m"), Error);
    }
    CHECK_THROWS_AS(rl::parse_manifest(text.substr(0, i), "m"), Error);
  }
  CHECK_THROWS_AS(rl::parse_manifest(text + " ", "m"), Error);
}

TEST_CASE("manifest: what is wrong with it is said") {
  const std::string fix = "resume from an earlier checkpoint; this one is incomplete or damaged";
  check_error([] { rl::parse_manifest(forged("\"step\": 120", "\"step\": 121"), "a/manifest.json"); },
              "the manifest does not match its own checksum", "a/manifest.json", fix);
  check_error([] { rl::parse_manifest(forged("lockstep-checkpoint", "lockstep-checkpoinT"), "m"); },
              "not a checkpoint of Lockstep", "m", fix);
  check_error([] { rl::parse_manifest(forged("\"version\": 1", "\"version\": 9"), "m"); },
              "checkpoint format version 9, this program reads 1", "m", "use the version of Lockstep that wrote");
  check_error([] { rl::parse_manifest(forged("\"bytes\": 7", "\"bytez\": 7"), "m"); },
              "the manifest lacks a field or has one of another kind", "m", fix);
  check_error([] { rl::parse_manifest(forged("state.json", "model.safetensors"), "m"); },
              "the manifest names model.safetensors twice", "m", fix);
}

TEST_CASE("manifest: names that leave the folder or cannot be shown are refused") {
  for (const char* name : {"", ".", "..", "a/b", "/etc/passwd", "../x", "a\nb", "\x1b[2J", "manifest.json"}) {
    CHECK_THROWS_AS(rl::check_file_name(name, "here"), Error);
  }
  for (const char* name : {"model.safetensors", "...", "a b", "\xc3\xa4.json"}) {
    CHECK_NOTHROW(rl::check_file_name(name, "here"));
  }
  check_error([] { rl::check_file_name("../x", "here"); }, "not a name for a file of a checkpoint: \"../x\"", "here",
              "use a plain file name");
}

}  // namespace lockstep
