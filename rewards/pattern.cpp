// SPDX-License-Identifier: Apache-2.0
// Compiling with bounds, and the last match.
#include "rewards/pattern.h"

#include <re2/re2.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace lockstep::rewards {
namespace {

constexpr size_t kMaxPatternBytes = 1024;
// A compiled pattern may not grow beyond this, however it was written.
constexpr int64_t kMaxPatternMemory = 1 << 20;

RE2::Options pattern_options() {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMaxPatternMemory);
  return options;
}

}  // namespace

std::unique_ptr<RE2> compile_pattern(const std::string& pattern) {
  if (pattern.size() > kMaxPatternBytes) return nullptr;
  auto compiled = std::make_unique<RE2>(pattern, pattern_options());
  return compiled->ok() ? std::move(compiled) : nullptr;
}

std::unique_ptr<RE2> require_pattern(const std::string& pattern, const std::string& where) {
  if (auto compiled = compile_pattern(pattern)) return compiled;
  const std::string reason =
      pattern.size() > kMaxPatternBytes ? cat("longer than ", kMaxPatternBytes, " bytes") : RE2(pattern, pattern_options()).error();
  throw Error(cat("the pattern is not usable: ", reason), where, "write an RE2 pattern; look-around and back-references do not exist there");
}

std::optional<std::string> last_match(const RE2& pattern, std::string_view text) {
  const int groups = std::min(pattern.NumberOfCapturingGroups(), 1) + 1;
  std::optional<std::string> last;
  const re2::StringPiece whole(text.data(), text.size());
  re2::StringPiece parts[2];
  for (size_t at = 0; at <= text.size() && pattern.Match(whole, at, text.size(), RE2::UNANCHORED, parts, groups);) {
    const re2::StringPiece& found = parts[groups - 1];
    if (found.data() != nullptr) last = std::string(found.data(), found.size());
    const size_t end = static_cast<size_t>(parts[0].data() - text.data()) + parts[0].size();
    at = end > at ? end : at + 1;
  }
  return last;
}

}  // namespace lockstep::rewards
