// SPDX-License-Identifier: Apache-2.0
// SHA-256 against the examples of FIPS 180-4 and NIST's validation program.
#include <doctest/doctest.h>

#include "base/file.h"
#include "base/rng.h"
#include "base/sha256_blocks.h"
#include "base/sha256_digest.h"
#include "tests/base/temp_folder.h"
#include "tests/support/errors.h"

namespace lockstep::base {
namespace {

TEST_CASE("sha256: known messages have known digests") {
  CHECK(sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(sha256_hex(std::string(1'000'000, 'a')) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("sha256: the digest does not depend on how the message is cut") {
  Random random(1, "sha");
  std::string message;
  for (int i = 0; i < 1000; ++i) message += static_cast<char>(random.below(256));
  const std::string whole = sha256_hex(message);
  for (int round = 0; round < 50; ++round) {
    Sha256 hash;
    for (size_t at = 0; at < message.size();) {
      const size_t count = std::min<size_t>(message.size() - at, random.below(150));
      hash.update(message.data() + at, count);
      hash.update(nullptr, 0);  // an empty span
      at += count;
    }
    CHECK(hash.hex() == whole);
  }
}

TEST_CASE("sha256: nothing, from nowhere, changes nothing") {
  Sha256 hash;
  hash.update(nullptr, 0);
  hash.update("abc", 3);
  hash.update(nullptr, 0);
  CHECK(hash.hex() == sha256_hex("abc"));
}

TEST_CASE("sha256: every length around the padding's edges differs from its neighbours and from zero padding") {
  std::string last;
  for (size_t length = 0; length < 200; ++length) {
    const std::string digest = sha256_hex(std::string(length, '\0'));
    CHECK(digest.size() == 64);
    CHECK(digest != last);
    last = digest;
  }
}

TEST_CASE("sha256: one text, or two side by side, of any length, have the digests that the stream gives") {
  const auto hex = [](const Sha256Digest& digest) {
    std::string out;
    for (const uint8_t byte : digest) {
      out += "0123456789abcdef"[byte >> 4];
      out += "0123456789abcdef"[byte & 15];
    }
    return out;
  };
  Random random(2, "two texts");
  for (size_t length = 0; length < 400; ++length) {
    std::string a, b;
    for (size_t i = 0; i < length; ++i) {
      a += static_cast<char>(random.below(256));
      b += static_cast<char>(random.below(256));
    }
    CHECK(hex(sha256_digest(a)) == sha256_hex(a));
    const auto both = sha256_digests(a, b);
    CHECK(hex(both[0]) == sha256_hex(a));
    CHECK(hex(both[1]) == sha256_hex(b));
  }
  test::check_error([] { sha256_digests("a", "ab"); }, "texts that are hashed side by side have one length", "", "");
}

TEST_CASE("sha256: the processor's own instructions compute what the portable code does") {
  if (!has_sha_extensions()) {
    MESSAGE("skipped: this processor has no SHA extensions");
    return;
  }
  Random random(2, "sha blocks");
  for (size_t num_blocks = 0; num_blocks < 20; ++num_blocks) {
    std::vector<uint8_t> data(num_blocks * 64 + 1);
    for (uint8_t& byte : data) byte = static_cast<uint8_t>(random.bits());
    std::array<uint32_t, 8> portable, fast;
    for (uint32_t& word : portable) word = random.bits();
    fast = portable;
    sha256_blocks_portable(portable.data(), data.data() + 1, num_blocks);  // not aligned on purpose
    sha256_blocks_x86(fast.data(), data.data() + 1, num_blocks);
    CHECK(portable == fast);
  }
}

TEST_CASE("sha256: a file's digest is that of its bytes") {
  const TempFolder folder;
  const std::string content(3'000'001, 'x');
  write_file_atomic(folder / "x", content);
  CHECK(sha256_file(folder / "x") == sha256_hex(content));
}

}  // namespace
}  // namespace lockstep::base
