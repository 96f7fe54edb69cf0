// SPDX-License-Identifier: Apache-2.0
// How many threads this process should use: the environment, else affinity and container quota.
#include <sched.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "base/thread_pool.h"

namespace lockstep::base {
namespace {

constexpr int kMostThreads = 1024;

template <class Number>
std::optional<Number> parse_whole(std::string_view text) {
  Number value{};
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

int affinity_count() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
  return static_cast<int>(std::thread::hardware_concurrency());  // more processors than cpu_set_t has bits
}

std::optional<int> container_quota() {
  try {
    return cpu_quota(read_file("/sys/fs/cgroup/cpu.max", 4096));
  } catch (const Error&) {
    return std::nullopt;  // no cgroup v2: no quota to read
  }
}

}  // namespace

std::optional<int> cpu_quota(std::string_view cpu_max) {
  const auto parts = split(trim(cpu_max), ' ');
  if (parts.size() != 2) return std::nullopt;
  const auto quota = parse_whole<int64_t>(parts[0]), period = parse_whole<int64_t>(parts[1]);
  if (!quota || !period || *quota < 1 || *period < 1) return std::nullopt;
  return static_cast<int>(std::clamp<int64_t>((*quota - 1) / *period + 1, 1, kMostThreads));
}

int default_num_threads() {
  if (const char* text = std::getenv("LOCKSTEP_THREADS")) {
    const auto count = parse_whole<int>(text);
    if (count && *count >= 1 && *count <= kMostThreads) return *count;
    throw Error(cat("LOCKSTEP_THREADS is \"", printable(text), "\""), "environment variable LOCKSTEP_THREADS",
                cat("set a whole number from 1 to ", kMostThreads, ", or unset it"));
  }
  return std::clamp(std::min(affinity_count(), container_quota().value_or(kMostThreads)), 1, kMostThreads);
}

}  // namespace lockstep::base
