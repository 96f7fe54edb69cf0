// SPDX-License-Identifier: Apache-2.0
// Key files: made with the right mode, read only with it, and never quoted in an Error.
#include "rollout/remote/keys.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <zmq.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <map>
#include <string_view>

#include "base/error.h"
#include "base/file.h"
#include "base/file_handle.h"
#include "base/text.h"

namespace lockstep::rollout::remote {
namespace {

constexpr size_t kKeyCharacters = 40;
constexpr size_t kMaxFileBytes = 4096;  // of a key; far above what is written
constexpr size_t kMaxNameBytes = 256;
constexpr std::string_view kKeyHeading = "# Lockstep secret key: never copy, show or commit this file";

struct KeyText {
  std::array<char, kKeyCharacters + 1> text{};
};

bool is_key(std::string_view text) {
  constexpr std::string_view kAlphabet =
      "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
  if (text.size() != kKeyCharacters || text.find_first_not_of(kAlphabet) != std::string_view::npos) return false;
  std::array<uint8_t, 32> bytes;
  return ::zmq_z85_decode(bytes.data(), std::string(text).c_str()) != nullptr;  // five digits may say more than 32 bits
}

// What the secret key's public one is; "" when the text is no key.
std::string public_key_of(const std::string& secret_key) {
  KeyText key;
  return ::zmq_curve_public(key.text.data(), secret_key.c_str()) == 0 ? key.text.data() : "";
}

void create_file(const std::string& path, mode_t mode, std::string_view content) {
  base::FileHandle file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
  if (file.number() < 0 && errno == EEXIST) {
    throw Error("there is such a file already, and keys are never overwritten", path,
                "choose another name, or remove the old .key and .pub files if nothing needs them any more");
  }
  if (file.number() < 0) base::throw_errno("create key file", path, errno);
  try {
    base::write_all(file, content, path);
    base::fsync_handle(file, path);
  } catch (...) {
    ::unlink(path.c_str());
    throw;
  }
}

void check_is_there(const std::string& path) {
  std::error_code code;
  if (std::filesystem::exists(path, code)) return;
  throw Error("the key file is missing", path, "make one with `lockstep keygen NAME`, or correct the path");
}

// The mode is that of the file which is then read: nothing can be exchanged in between.
std::string read_private_file(const std::string& path) {
  check_is_there(path);
  const base::FileHandle file = base::open_to_read(path);
  struct stat status {};
  if (::fstat(file.number(), &status) != 0) base::throw_errno("stat file", path, errno);
  if ((status.st_mode & 077) != 0) {
    throw Error("the secret key can be read or written by others than its owner", path,
                cat("run `chmod 600 ", path, "`, and make new keys with `lockstep keygen` if others had access"));
  }
  std::string content(kMaxFileBytes, '\0');
  size_t size = 0;
  while (size < content.size()) {
    const size_t count = base::read_some(file, content.data() + size, content.size() - size, path);
    if (count == 0) break;
    size += count;
  }
  content.resize(size);
  return content;
}

[[noreturn]] void malformed_keys(const std::string& path) {
  throw Error("this is no secret key of Lockstep, or it is damaged", path,
              "name the .key file that `lockstep keygen NAME` wrote, or make a new one");
}

// The key of the line "FIELD KEY"; "" when the line is another.
std::string key_of_line(std::string_view line, std::string_view field) {
  if (!line.starts_with(field) || line.size() != field.size() + 1 + kKeyCharacters || line[field.size()] != ' ')
    return "";
  const std::string_view key = line.substr(field.size() + 1);
  return is_key(key) ? std::string(key) : "";
}

}  // namespace

KeyPair generate_keys() {
  for (;;) {
    KeyText public_key, secret_key;
    if (::zmq_curve_keypair(public_key.text.data(), secret_key.text.data()) != 0) {
      throw Error("this libzmq cannot make CURVE keys", "libzmq", "install a libzmq that was built with libsodium");
    }
    if (public_key.text[0] != '#') return {public_key.text.data(), secret_key.text.data()};
  }
}

std::string write_keys(const std::string& prefix) {
  const KeyPair keys = generate_keys();
  const std::string name = std::filesystem::path(prefix).filename().string();
  const std::string public_path = prefix + ".pub", secret_path = prefix + ".key";
  create_file(public_path, 0644, cat(keys.public_key, " ", name, "\n"));
  try {
    create_file(secret_path, 0600, cat(kKeyHeading, "\npublic ", keys.public_key, "\nsecret ", keys.secret_key, "\n"));
  } catch (...) {
    ::unlink(public_path.c_str());
    throw;
  }
  return keys.public_key;
}

KeyPair read_keys(const std::string& path) {
  const std::vector<std::string> lines = base::split(read_private_file(path), '\n');
  if (lines.size() != 4 || lines[0] != kKeyHeading || !lines[3].empty()) malformed_keys(path);
  const KeyPair keys{key_of_line(lines[1], "public"), key_of_line(lines[2], "secret")};
  if (keys.public_key.empty() || keys.secret_key.empty()) malformed_keys(path);
  if (public_key_of(keys.secret_key) != keys.public_key) malformed_keys(path);
  return keys;
}

std::vector<AllowedKey> read_allow_list(const std::string& path) {
  check_is_there(path);
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0 && (status.st_mode & S_IWOTH) != 0) {
    throw Error("everybody may write this list of keys", path,
                cat("run `chmod o-w ", path, "` after reading what it holds"));
  }
  std::vector<AllowedKey> allowed;
  std::map<std::string, size_t, std::less<>> lines;
  base::for_each_line(
      path,
      [&](std::string_view line, size_t number) {
        line = base::trim(line);
        if (line.empty() || line.front() == '#') return;
        const size_t end = std::min(line.find_first_of(" \t"), line.size());
        const std::string_view key = line.substr(0, end), name = base::trim(line.substr(end));
        const std::string where = cat(path, ":", number);
        if (!is_key(key) || name.size() > kMaxNameBytes) {
          throw Error(
              "this line is no public key", where,
              "write the line of the worker's .pub file: a key of 40 characters, and a name behind it if you like");
        }
        const auto [found, is_new] = lines.emplace(key, number);
        if (!is_new)
          throw Error(cat("the key stands in line ", found->second, " already"), where, "remove one of the lines");
        allowed.push_back({std::string(key), std::string(name)});
      },
      kMaxFileBytes);
  if (allowed.empty()) {
    throw Error("the file holds no public key", path, "append the .pub files that `lockstep keygen NAME` wrote");
  }
  return allowed;
}

std::string read_public_key(const std::string& path) {
  const std::vector<AllowedKey> keys = read_allow_list(path);
  if (keys.size() == 1) return keys.front().public_key;
  throw Error(cat("the file holds ", keys.size(), " public keys, and one is due"), path,
              "name the trainer's .pub file");
}

}  // namespace lockstep::rollout::remote
