// SPDX-License-Identifier: Apache-2.0
// TensorBoard event files: checksums, the Python package's bytes, what a file holds.
#include "rl/tensorboard.h"

#include <doctest/doctest.h>

#include <limits>

#include "base/file.h"
#include "base/text.h"
#include "tests/base/faults.h"
#include "tests/support/errors.h"
#include "tests/support/temp_folder.h"

namespace lockstep {

using test::check_error;
using test::TempFolder;

namespace {
const double kNan = std::numeric_limits<double>::quiet_NaN();
}  // namespace

TEST_CASE("tensorboard: the mask of a checksum") {
  CHECK(rl::masked_crc32c("") == 0xa282ead8u);
}

TEST_CASE("tensorboard: events equal those of the tensorboard package byte for byte") {
  const std::string ours = rl::tfrecord(rl::version_event(1700000000.25)) +
                           rl::tfrecord(rl::scalars_event(0, {{"loss", 0.5}}, 1700000001.0)) +
                           rl::tfrecord(rl::scalars_event(
                               300, {{"loss", -1.25}, {"clip_ratio/low_mean", 1e-3}, {"kl", kNan}}, 1700000002.5)) +
                           rl::tfrecord(rl::restart_event(8, 1700000003.0));
  CHECK(ours == base::read_file(cat(LOCKSTEP_SOURCE_DIR, "/tests/fixtures/metrics/golden.tfevents")));
}

TEST_CASE(
    "tensorboard: a file is its version, then what was written; another run of the same second gets another file") {
  const TempFolder folder;
  rl::EventFile file(folder.path("tensorboard"), 1700000000.0), other(folder.path("tensorboard"), 1700000000.0);
  file.restart_after(7, 1.0);
  file.write_scalars(8, {{"loss", 1}}, 2.0);
  file.flush();
  CHECK(base::read_file(file.path()) == rl::tfrecord(rl::version_event(1700000000.0)) +
                                            rl::tfrecord(rl::restart_event(8, 1.0)) +
                                            rl::tfrecord(rl::scalars_event(8, {{"loss", 1}}, 2.0)));
  CHECK(file.path().find("/tensorboard/events.out.tfevents.1700000000.") != std::string::npos);
  CHECK(other.path() != file.path());
}

TEST_CASE("tensorboard: a folder that cannot be made, and a disk that is full, are Errors") {
  const TempFolder folder;
  folder.write("blocked", "a file");
  check_error([&] { rl::EventFile(folder.path("blocked"), 0); }, "cannot make folder", "blocked",
              "check which part of the path is a file");
  rl::EventFile file(folder.path("tensorboard"), 0);
  const base::FileSizeLimit limit(10);
  check_error(
      [&] {
        file.write_scalars(1, {{"loss", 1}}, 0);
      },
      "cannot write", "events.out.tfevents", "raise the limit of file sizes");
}

}  // namespace lockstep
