// SPDX-License-Identifier: Apache-2.0
// Naming and listing checkpoint folders.
#include "rl/checkpoint_folders.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <filesystem>
#include <optional>
#include <system_error>

#include "base/file_handle.h"
#include "base/text.h"

namespace lockstep::rl {
namespace {

constexpr std::string_view kPrefix = "step_";

// N of "step_N", in the one spelling that checkpoint_path uses.
std::optional<int64_t> parse_step(std::string_view name) {
  if (!name.starts_with(kPrefix)) return std::nullopt;
  name.remove_prefix(kPrefix.size());
  int64_t step = 0;
  const auto [end, code] = std::from_chars(name.data(), name.data() + name.size(), step);
  if (code != std::errc() || end != name.data() + name.size() || std::to_string(step) != name) return std::nullopt;
  return step;
}

std::vector<std::filesystem::path> folders_in(const std::string& dir) {
  std::vector<std::filesystem::path> out;
  std::error_code code;
  std::filesystem::directory_iterator entries(dir, code);
  if (code == std::errc::no_such_file_or_directory) return out;
  for (; !code && entries != std::filesystem::directory_iterator(); entries.increment(code)) {
    std::error_code ignored;  // the entry may be gone already
    if (entries->is_directory(ignored)) out.push_back(entries->path());
  }
  if (code) base::throw_errno("list folder", dir, code.value());
  return out;
}

}  // namespace

std::string checkpoint_path(const std::string& dir, int64_t step) { return cat(dir, "/", kPrefix, step); }

std::string temporary_path(const std::string& dir, int64_t step) {
  static std::atomic<uint64_t> counter{0};
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  return cat(checkpoint_path(dir, step), ".tmp-", host.data(), "-", ::getpid(), "-", counter.fetch_add(1));
}

std::map<int64_t, std::string> list_checkpoints(const std::string& dir) {
  std::map<int64_t, std::string> out;
  for (const auto& folder : folders_in(dir)) {
    if (const auto step = parse_step(folder.filename().string())) out[*step] = folder.string();
  }
  return out;
}

std::vector<std::string> list_temporaries(const std::string& dir) {
  std::vector<std::string> out;
  for (const auto& folder : folders_in(dir)) {
    const std::string name = folder.filename().string();
    const size_t mark = name.find(".tmp-");
    if (mark != std::string::npos && parse_step(std::string_view(name).substr(0, mark))) out.push_back(folder.string());
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace lockstep::rl
