// SPDX-License-Identifier: Apache-2.0
// `lockstep keygen`: files that the links take, and each wrong call.
#include <sys/stat.h>

#include <filesystem>

#include "base/file.h"
#include "base/text.h"
#include "rollout/remote/keys.h"
#include "tests/cli/lockstep.h"

namespace lockstep::test {

using rollout::remote::read_allow_list;
using rollout::remote::read_keys;

TEST_CASE(
    "keygen: the files hold one pair, the secret one is its owner's, and standard output is the line of an allow "
    "list") {
  const ScratchFolder scratch;
  const std::string folder = scratch.path("keys/of/run");  // made if need be
  const RunResult run = lockstep({"keygen", "worker-1", "--out", folder});
  CAPTURE(run.err);
  CHECK(run.exit_code == 0);
  struct stat status {};
  REQUIRE(::stat((folder + "/worker-1.key").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  const auto keys = read_keys(folder + "/worker-1.key");
  CHECK(run.out == cat(keys.public_key, " worker-1\n"));
  CHECK(base::read_file(folder + "/worker-1.pub") == run.out);
  CHECK(read_allow_list(scratch.write("allowed", run.out)).front().name == "worker-1");
  CHECK_FALSE(contains(run.err + run.out, keys.secret_key));
  CHECK(contains(run.err, folder + "/worker-1.key: the secret key"));
}

TEST_CASE("keygen: a second call with the same name changes nothing") {
  const ScratchFolder scratch;
  CHECK(lockstep({"keygen", "trainer", "--out", scratch.path()}).exit_code == 0);
  const std::string before = base::read_file(scratch.path("trainer.key"));
  expect_failure({"keygen", "trainer", "--out", scratch.path()}, 1,
                 "there is such a file already, and keys are never overwritten", scratch.path("trainer.pub"),
                 "choose another name");
  CHECK(base::read_file(scratch.path("trainer.key")) == before);
}

TEST_CASE("keygen: names that are none, and a missing one, are wrong usage") {
  const ScratchFolder scratch;
  for (const std::string& name :
       {std::string("a/b"), std::string(".hidden"), std::string("two words"), std::string(101, 'x')}) {
    expect_failure({"keygen", name, "--out", scratch.path()}, 2, "this is no name for keys: " + name, "lockstep keygen",
                   "use up to 100 letters");
  }
  CHECK(lockstep({"keygen"}).exit_code == 2);
  CHECK(std::filesystem::is_empty(scratch.path()));
}

TEST_CASE("keygen: a folder that cannot be made is an Error") {
  const ScratchFolder scratch;
  const std::string file = scratch.write("file", "");
  const RunResult run = lockstep({"keygen", "trainer", "--out", file + "/keys"});
  CHECK(run.exit_code == 1);
  CHECK(contains(run.err, "cannot make folder: Not a directory\n  where: " + file + "/keys\n  fix:   "));
}

}  // namespace lockstep::test
