// SPDX-License-Identifier: Apache-2.0
// Key files: what is written can be read back, by its owner only, and nothing else passes for a key.
#include "rollout/remote/keys.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>

#include "base/file.h"
#include "base/text.h"
#include "tests/support/errors.h"
#include "tests/support/temp_folder.h"

namespace lockstep::rollout::remote {
namespace {

using test::check_error;
using test::TempFolder;

mode_t mode_of(const std::string& path) {
  struct stat status {};
  CHECK(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

// A secret key never shows in an Error, whatever is wrong with its file.
void check_malformed(const TempFolder& folder, const std::string& content) {
  CAPTURE(content);
  const std::string path = folder.write("bad.key", content);
  ::chmod(path.c_str(), 0600);
  check_error([&] { read_keys(path); }, "no secret key of Lockstep", path, "`lockstep keygen NAME`");
  const std::string text = test::error_of([&] { read_keys(path); })->what();
  if (content.size() > 60) CHECK(text.find(content.substr(content.size() - 30, 20)) == std::string::npos);
}

TEST_CASE("keys: what keygen wrote is read back, and the secret key is its owner's alone under any umask") {
  const TempFolder folder;
  for (const mode_t mask : {0, 022, 077}) {
    CAPTURE(mask);
    const mode_t before = ::umask(mask);
    const std::string prefix = folder.path(cat("worker-", mask));
    const std::string public_key = write_keys(prefix);
    ::umask(before);
    CHECK(mode_of(prefix + ".key") == 0600);
    CHECK(mode_of(prefix + ".pub") == (0644 & ~mask));
    const KeyPair keys = read_keys(prefix + ".key");
    CHECK(keys.public_key == public_key);
    CHECK(keys.secret_key.size() == 40);
    CHECK(keys.secret_key != public_key);
    CHECK(read_public_key(prefix + ".pub") == public_key);
    CHECK(base::read_file(prefix + ".pub") == cat(public_key, " worker-", mask, "\n"));
    CHECK(base::read_file(prefix + ".pub").find(keys.secret_key) == std::string::npos);
  }
}

TEST_CASE("keys: a list made of .pub files lets exactly these in, by name") {
  const TempFolder folder;
  const std::string a = write_keys(folder.path("a")), b = write_keys(folder.path("b"));
  CHECK(a != b);
  const std::string list = folder.write("allowed", cat("# workers\n\n", base::read_file(folder.path("a.pub")), "  ", b,
                                                       "\t rack 2, left  \r\n#", a, "\n"));
  const std::vector<AllowedKey> allowed = read_allow_list(list);
  REQUIRE(allowed.size() == 2);
  CHECK(allowed[0].public_key == a);
  CHECK(allowed[0].name == "a");
  CHECK(allowed[1].public_key == b);
  CHECK(allowed[1].name == "rack 2, left");
}

TEST_CASE("keys: no public key begins like a comment") {
  for (int i = 0; i < 500; ++i) CHECK(generate_keys().public_key.front() != '#');
}

TEST_CASE("keys: existing files are never overwritten, and a failure leaves nothing behind") {
  const TempFolder folder;
  const std::string prefix = folder.path("worker");
  write_keys(prefix);
  const std::string before = base::read_file(prefix + ".key");
  check_error([&] { write_keys(prefix); }, "keys are never overwritten", prefix + ".pub", "choose another name");
  std::filesystem::remove(prefix + ".pub");
  check_error([&] { write_keys(prefix); }, "keys are never overwritten", prefix + ".key", "choose another name");
  CHECK_FALSE(std::filesystem::exists(prefix + ".pub"));
  CHECK(base::read_file(prefix + ".key") == before);
  check_error([&] { write_keys(folder.path("no/such/worker")); }, "cannot create key file", "no/such/worker.pub",
              "check the path");
}

TEST_CASE("keys: a secret key that others can read is refused, with the command that mends it") {
  const TempFolder folder;
  write_keys(folder.path("worker"));
  const std::string path = folder.path("worker.key");
  for (const mode_t mode : {0640, 0604, 0620, 0601, 0777}) {
    ::chmod(path.c_str(), mode);
    check_error([&] { read_keys(path); }, "can be read or written by others", path, cat("chmod 600 ", path));
  }
  for (const mode_t mode : {0600, 0400}) {
    ::chmod(path.c_str(), mode);
    CHECK(read_keys(path).secret_key.size() == 40);
  }
}

TEST_CASE("keys: missing files name keygen") {
  for (const auto read :
       {+[](const std::string& p) { read_keys(p); }, +[](const std::string& p) { read_public_key(p); },
        +[](const std::string& p) { read_allow_list(p); }}) {
    check_error([&] { read("no/such/file"); }, "the key file is missing", "no/such/file", "`lockstep keygen NAME`");
  }
}

TEST_CASE("keys: damaged or foreign secret keys are refused without being quoted") {
  const TempFolder folder;
  write_keys(folder.path("a"));
  write_keys(folder.path("b"));
  const std::string a = base::read_file(folder.path("a.key")), b = base::read_file(folder.path("b.key"));
  const size_t secret_at = a.rfind(' ') + 1;
  check_malformed(folder, "");
  check_malformed(folder, "public\nsecret\n");
  check_malformed(folder, a.substr(0, a.size() - 1));
  check_malformed(folder, a + "x");
  check_malformed(folder, a.substr(0, secret_at) + b.substr(secret_at));  // of two pairs
  check_malformed(folder, a.substr(0, secret_at) + std::string(40, '~') + "\n");
  check_malformed(folder, a.substr(0, secret_at) + std::string(40, '#') + "\n");  // above 2^32 - 1 in Z85
  check_malformed(folder, base::read_file(folder.path("a.pub")));
  check_malformed(folder, std::string(100000, 'x'));
}

TEST_CASE("keys: a malformed line of a list is an Error with file and line") {
  const TempFolder folder;
  const std::string key = write_keys(folder.path("worker"));
  const auto refuse = [&](const std::string& line, const std::string& what, const std::string& fix) {
    CAPTURE(line);
    const std::string path = folder.write("allowed", cat("# first\n", key, " worker\n", line, "\n"));
    check_error([&] { read_allow_list(path); }, what, path + ":3", fix);
  };
  const std::string fix = "the line of the worker's .pub file";
  refuse("worker", "this line is no public key", fix);
  refuse(key.substr(0, 39), "this line is no public key", fix);
  refuse(key + "x", "this line is no public key", fix);
  refuse("0" + std::string(39, '#'), "this line is no public key", fix);  // digits, but above 2^32 - 1
  refuse(key.substr(0, 39) + "~ name", "this line is no public key", fix);
  refuse(generate_keys().public_key + " " + std::string(257, 'n'), "this line is no public key", fix);
  refuse(key + " again", "the key stands in line 2 already", "remove one of the lines");
}

TEST_CASE("keys: a list without keys, one that everybody may write, and a .pub of two keys are Errors") {
  const TempFolder folder;
  const std::string a = generate_keys().public_key, b = generate_keys().public_key;
  const std::string empty = folder.write("empty", "# nobody yet\n\n");
  check_error([&] { read_allow_list(empty); }, "the file holds no public key", empty, "append the .pub files");
  const std::string two = folder.write("two.pub", cat(a, "\n", b, "\n"));
  check_error([&] { read_public_key(two); }, "holds 2 public keys, and one is due", two,
              "name the trainer's .pub file");
  ::chmod(two.c_str(), 0646);
  check_error([&] { read_allow_list(two); }, "everybody may write this list", two, cat("chmod o-w ", two));
}

}  // namespace
}  // namespace lockstep::rollout::remote
