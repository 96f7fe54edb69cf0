// SPDX-License-Identifier: Apache-2.0
// Weights arrive whole, in pieces of any size and through the folder, or are known to be damaged.
#include "rollout/remote/weights.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <iomanip>
#include <sstream>

#include "base/rng.h"
#include "tests/rollout/remote/fake_model.h"
#include "tests/support/errors.h"
#include "tests/support/temp_folder.h"

namespace lockstep::rollout::remote {
namespace {

size_t num_files(const std::string& folder) {
  return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

TEST_CASE("weights: a stream cut anywhere fills the same tensors") {
  FakeWeights source = fake_weights(1);
  const auto weights = copy_weights(7, spans_of<const std::byte>(source));
  CHECK(weights.num_bytes == 1000);
  for (uint64_t seed = 0; seed < 50; ++seed) {
    base::Random random(seed, "cuts");
    FakeWeights target = fake_weights(2);
    WeightsWriter writer(spans_of<std::byte>(target));
    CHECK(writer.num_bytes() == 1000);
    while (writer.offset() < 1000)
      writer.write(std::string_view(weights.bytes).substr(writer.offset(), random.below(1 + random.below(700))));
    CHECK(target == source);
    CHECK(writer.digest() == weights.sha256);
  }
}

TEST_CASE("weights: more than the model has room for is a fault of our own") {
  FakeWeights target = fake_weights(2, 10);
  WeightsWriter writer(spans_of<std::byte>(target));
  test::check_error([&] { writer.write("12345678901"); }, "more weights than the model has room for", "", "");
}

// The definition, by the library's own functions.
std::string hex_digest(const std::string& stream) {
  std::string parts;
  for (size_t at = 0; at < stream.size(); at += kDigestPart) {
    const std::string hex = base::sha256_hex(std::string_view(stream).substr(at, kDigestPart));
    for (size_t i = 0; i < hex.size(); i += 2) parts += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  return base::sha256_hex(parts);
}

TEST_CASE("weights: the digest is SHA-256 of the parts' SHA-256s, however the stream comes and in whatever memory") {
  base::Random random(3, "streams");
  for (const size_t size :
       {0ul, 3ul, kDigestPart - 1, kDigestPart, kDigestPart + 1, 2 * kDigestPart, 2 * kDigestPart + 77}) {
    std::string stream(size, '\0');
    for (size_t i = 0; i < size; i += 1 + random.below(3000)) stream[i] = static_cast<char>(random.bits());
    const auto bytes = std::as_bytes(std::span(stream));
    const size_t cut = random.below(size + 1);
    const ConstTensors tensors = {bytes.first(cut), {}, bytes.subspan(cut)};
    const Weights weights = copy_weights(1, tensors, std::string(random.below(2 * size + 1), 'x'));
    CHECK(weights.bytes == stream);
    std::ostringstream hex;
    for (const uint8_t byte : weights.sha256) hex << std::hex << std::setw(2) << std::setfill('0') << int{byte};
    CHECK(hex.str() == hex_digest(stream));
    StreamDigest digest;
    for (size_t at = 0; at < size;) {
      const size_t count = std::min<size_t>(size - at, random.below(3'000'000));
      digest.update(std::string_view(stream).substr(at, count));
      at += count;
    }
    CHECK(digest.finish() == weights.sha256);
  }
}

TEST_CASE("weights: the folder holds one version, whole, and nothing at the end") {
  const test::TempFolder temp;
  temp.write("3.weights", "of a trainer that was killed");
  temp.write("4.weights.tmp", "unfinished");
  temp.write("notes.weights", "of the user");
  FakeWeights source = fake_weights(1), target = fake_weights(2);
  {
    WeightsFolder folder(temp.path());
    CHECK(num_files(temp.path()) == 1);
    for (const uint64_t version : {1, 2, 2}) {
      const auto weights = folder.write(version, spans_of<const std::byte>(source));
      CHECK(weights.bytes.empty());
      CHECK(weights.num_bytes == 1000);
      const std::string path = weights_path(weights.folder, version);
      CHECK_FALSE(read_weights(path, weights.sha256, WeightsWriter(spans_of<std::byte>(target))));
      CHECK(target == source);
      CHECK(num_files(temp.path()) == 2);
    }
  }
  CHECK(num_files(temp.path()) == 1);
}

TEST_CASE("weights: a file that is missing, short, long or altered is told") {
  const test::TempFolder temp;
  FakeWeights target = fake_weights(2, 10);
  const auto damage = [&](const std::string& path) {
    const Digest of_zeros = copy_weights(1, {std::vector<std::span<const std::byte>>{}}).sha256;
    return read_weights(path, of_zeros, WeightsWriter(spans_of<std::byte>(target))).value_or("none");
  };
  CHECK(damage(temp.path("none")).find("cannot open") != std::string::npos);
  CHECK(damage(temp.write("short", "123")).find("ends after 3 of 10 bytes") != std::string::npos);
  CHECK(damage(temp.write("long", "12345678901")).find("more than 10 bytes") != std::string::npos);
  CHECK(damage(temp.write("other", "1234567890")).find("another checksum") != std::string::npos);
}

TEST_CASE("weights: a folder that cannot be written is an Error that names it") {
  const test::TempFolder temp;
  FakeWeights source = fake_weights(1);
  WeightsFolder folder(temp.path("shared"));
  std::filesystem::remove_all(temp.path("shared"));
  test::check_error([&] { folder.write(5, spans_of<const std::byte>(source)); }, "cannot write 1000 bytes of weights",
                    "shared/5.weights.tmp", "weights_folder");
}

}  // namespace
}  // namespace lockstep::rollout::remote
