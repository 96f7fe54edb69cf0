// SPDX-License-Identifier: Apache-2.0
// Weights arrive whole, in pieces of any size and through the folder, or are known to be damaged.
#include "rollout/remote/weights.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <iomanip>
#include <sstream>

#include "base/file.h"
#include "base/rng.h"
#include "tests/rollout/remote/fake_model.h"
#include "tests/support/errors.h"
#include "tests/support/temp_folder.h"

namespace lockstep::rollout::remote {
namespace {

size_t num_files(const std::string& folder) {
  return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

std::string hex_of(const Digest& digest) {
  std::ostringstream hex;
  for (const uint8_t byte : digest) hex << std::hex << std::setw(2) << std::setfill('0') << int{byte};
  return hex.str();
}

Digest digest_of_fake(FakeWeights& weights) {
  base::ThreadPool pool(2);
  return digest_of(spans_of<const std::byte>(weights), pool);
}

TEST_CASE("weights: a stream cut anywhere fills the same tensors") {
  base::ThreadPool pool(2);
  FakeWeights source = fake_weights(1);
  const auto weights = copy_weights(7, spans_of<const std::byte>(source), pool);
  CHECK(weights.num_bytes == 1000);
  CHECK_FALSE(weights.changes);
  for (uint64_t seed = 0; seed < 50; ++seed) {
    base::Random random(seed, "cuts");
    FakeWeights target = fake_weights(2);
    WeightsWriter writer(spans_of<std::byte>(target));
    CHECK(writer.num_bytes() == 1000);
    while (writer.offset() < 1000)
      CHECK(writer.write(std::string_view(weights.bytes).substr(writer.offset(), random.below(1 + random.below(700)))));
    CHECK(target == source);
    CHECK(digest_of_fake(target) == weights.sha256);
  }
}

TEST_CASE("weights: more than the model has room for is not written") {
  FakeWeights target = fake_weights(2, 10);
  const FakeWeights before = target;
  CHECK_FALSE(WeightsWriter(spans_of<std::byte>(target)).write("12345678901"));
  CHECK(target == before);
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

TEST_CASE("weights: the digest is SHA-256 of the parts' SHA-256s, on any number of threads and in whatever memory") {
  base::Random random(3, "streams");
  for (const size_t size : {0ul, 3ul, kDigestPart - 1, kDigestPart, kDigestPart + 1, 2 * kDigestPart, 3 * kDigestPart,
                            5 * kDigestPart + 77}) {
    std::string stream(size, '\0');
    for (size_t i = 0; i < size; i += 1 + random.below(3000)) stream[i] = static_cast<char>(random.bits());
    const auto bytes = std::as_bytes(std::span(stream));
    const size_t cut = random.below(size + 1);
    const ConstTensors tensors = {bytes.first(cut), {}, bytes.subspan(cut)};
    for (const int threads : {1, 3}) {
      base::ThreadPool pool(threads);
      const Weights weights = copy_weights(1, tensors, pool, {.bytes = std::string(random.below(2 * size + 1), 'x')});
      CHECK(weights.bytes == stream);
      CHECK(hex_of(weights.sha256) == hex_digest(stream));
      CHECK(digest_of(tensors, pool) == weights.sha256);
    }
  }
}

// The bytes of one tensor of `size` bytes, of which about one in `rarity` words differs from `before`.
std::string changed(const std::string& before, uint64_t rarity, base::Random& random) {
  std::string after = before;
  for (size_t i = random.below(rarity); 2 * i < after.size(); i += 1 + random.below(2 * rarity))
    after[2 * i] = static_cast<char>(after[2 * i] + 1);
  return after;
}

std::vector<std::span<std::byte>> cut_anywhere(std::string& text, base::Random& random) {
  const auto bytes = std::as_writable_bytes(std::span(text));
  const size_t first = random.below(text.size() + 1), second = random.below(text.size() - first + 1);
  return {bytes.first(first), bytes.subspan(first, second), {}, bytes.subspan(first + second)};
}

TEST_CASE("weights: the changes since the version before make this one of it, in pieces, and are smaller") {
  base::Random random(4, "changes");
  for (const size_t size : {1ul, 127ul, 128ul, 129ul, 100'000ul, 2 * kDigestPart, 7 * kDigestPart + 55}) {
    for (const uint64_t rarity : {3, 100, 1'000'000}) {
      base::ThreadPool pool(2);
      std::string before(size, '\0');
      for (char& c : before) c = static_cast<char>(random.bits());
      std::string after = changed(before, rarity, random);
      Weights old = copy_weights(1, {std::as_bytes(std::span(before))}, pool);
      const Digest base = old.sha256;
      const Weights weights = copy_weights(2, {std::as_bytes(std::span(after))}, pool, std::move(old));
      CHECK(weights.bytes == after);
      if (!weights.changes) {
        CHECK((rarity == 3 || size < 200));  // else it pays
        continue;
      }
      CHECK(weights.changes->base == base);
      if (rarity > 3 && size > 200) CHECK(weights.changes->bytes.size() < size / 8);
      WeightsWriter writer(cut_anywhere(before, random));
      while (writer.offset() < size) {
        const Piece piece = weights.piece_of_changes(writer.offset());
        CHECK(writer.write_changes(piece.bytes));
        CHECK(writer.offset() == piece.end);
      }
      CHECK((before == after));
    }
  }
}

TEST_CASE("weights: when most is new, or the model's size is, there are no changes to be had") {
  base::ThreadPool pool(2);
  FakeWeights first = fake_weights(1), second = fake_weights(2), longer = fake_weights(2, 1001);
  Weights old = copy_weights(1, spans_of<const std::byte>(first), pool);
  Weights next = copy_weights(2, spans_of<const std::byte>(second), pool, std::move(old));
  CHECK_FALSE(next.changes);
  CHECK_FALSE(copy_weights(3, spans_of<const std::byte>(longer), pool, std::move(next)).changes);
}

TEST_CASE("weights: changes that are cut, or go on behind the model's end, are refused") {
  std::string before(1000, 'a'), after = before, changes;
  after[500] = 'b';
  append_changes(changes, before, after);
  const auto is_taken = [&](std::string_view bytes) {
    std::string model = before;
    return WeightsWriter(Tensors{std::as_writable_bytes(std::span(model))}).write_changes(bytes);
  };
  CHECK(is_taken(changes));
  const size_t tail = 1000 % kBlockBytes;
  for (size_t size = 0; size < changes.size(); ++size) {
    const bool is_edge = size <= 24 ? size % 8 == 0 : size >= 34 && (size - 2) % 8 == 0;  // between blocks
    CAPTURE(size);
    CHECK(is_taken(std::string_view(changes).substr(0, size)) == (is_edge && size <= changes.size() - tail));
  }
  CHECK_FALSE(is_taken(changes + "x"));
  base::Random random(1, "garbage");
  for (int round = 0; round < 1000; ++round) {
    std::string garbage(random.below(3000), '\0');
    for (char& c : garbage) c = static_cast<char>(random.bits() & random.bits() & random.bits());
    is_taken(garbage);  // the sanitizers say whether it stays within the model
  }
}

TEST_CASE("weights: the folder holds one version, whole, and nothing at the end") {
  const test::TempFolder temp;
  temp.write("3.weights", "of a trainer that was killed");
  temp.write("4.weights.tmp", "unfinished");
  temp.write("notes.weights", "of the user");
  FakeWeights source = fake_weights(1), target = fake_weights(2);
  base::ThreadPool pool(1);
  {
    WeightsFolder folder(temp.path());
    CHECK(num_files(temp.path()) == 1);
    for (const uint64_t version : {1, 2, 2}) {
      const auto weights = folder.write(version, spans_of<const std::byte>(source), pool);
      CHECK(weights.bytes.empty());
      CHECK(weights.num_bytes == 1000);
      const std::string path = weights_path(weights.folder, version);
      CHECK_FALSE(read_weights(path, WeightsWriter(spans_of<std::byte>(target))));
      CHECK(digest_of_fake(target) == weights.sha256);
      CHECK(target == source);
      CHECK(num_files(temp.path()) == 2);
    }
  }
  CHECK(num_files(temp.path()) == 1);
}

TEST_CASE("weights: a file that is missing, short or long is told") {
  const test::TempFolder temp;
  FakeWeights target = fake_weights(2, 10);
  const auto damage = [&](const std::string& path) {
    return read_weights(path, WeightsWriter(spans_of<std::byte>(target))).value_or("none");
  };
  CHECK(damage(temp.path("none")).find("cannot open") != std::string::npos);
  CHECK(damage(temp.write("short", "123")).find("ends after 3 of 10 bytes") != std::string::npos);
  CHECK(damage(temp.write("long", "12345678901")).find("more than 10 bytes") != std::string::npos);
  CHECK(damage(temp.write("right", "1234567890")) == "none");
}

TEST_CASE("weights: a folder that cannot be written is an Error that names it") {
  const test::TempFolder temp;
  FakeWeights source = fake_weights(1);
  base::ThreadPool pool(1);
  WeightsFolder folder(temp.path("shared"));
  std::filesystem::remove_all(temp.path("shared"));
  test::check_error([&] { folder.write(5, spans_of<const std::byte>(source), pool); },
                    "cannot write 1000 bytes of weights", "shared/5.weights.tmp", "weights_folder");
}

}  // namespace
}  // namespace lockstep::rollout::remote
