// SPDX-License-Identifier: Apache-2.0
// Scratch files: what was appended comes back, and no name is left in the folder.
#include "base/scratch_file.h"

#include <unistd.h>

#include <filesystem>

#include "base/rng.h"
#include "base/text.h"
#include "tests/support/errors.h"
#include "tests/support/temp_folder.h"
#include <doctest/doctest.h>

namespace lockstep::test {

TEST_CASE("scratch file: pieces of any size come back as one, and the folder stays empty") {
  const TempFolder folder;
  base::ScratchFile file(folder.path("x"));
  std::string expected;
  for (uint64_t i = 0; i < 300; ++i) {
    base::Random random(1, "scratch", i);
    const std::string piece(random.below(20'000), static_cast<char>('a' + i % 26));
    file.append(piece.data(), piece.size());
    expected += piece;
  }
  CHECK(std::filesystem::is_empty(folder.path("")));
  file.finish();
  REQUIRE(expected.size() > (size_t{2} << 20));  // more than the buffer
  CHECK(file.size() == expected.size());
  CHECK(std::string_view(file.data(), file.size()) == expected);
}

TEST_CASE("scratch file: an empty one has no data; a folder that is missing is an Error") {
  const TempFolder folder;
  base::ScratchFile file(folder.path("x"));
  file.finish();
  CHECK(file.size() == 0);
  CHECK(file.data() == nullptr);
  const std::string path = folder.path("missing/x");
  check_error([&] { base::ScratchFile other(path); }, "cannot create file", cat(path, ".scratch-", ::getpid()), "");
}

}  // namespace lockstep::test
