// SPDX-License-Identifier: Apache-2.0
// RE2 patterns that a config or a row brings, with bounds; RE2 is linear in the text, whatever the pattern.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace re2 {
class RE2;
}

namespace lockstep::rewards {

// Nothing for a pattern that does not compile, needs more than 1 MiB compiled, or is longer than 1 KiB.
std::unique_ptr<re2::RE2> compile_pattern(const std::string& pattern);

// The same; instead of nothing an Error at `where` that says why.
std::unique_ptr<re2::RE2> require_pattern(const std::string& pattern, const std::string& where);

// The first group of the last match; the whole match when the pattern has no group.
std::optional<std::string> last_match(const re2::RE2& pattern, std::string_view text);

}  // namespace lockstep::rewards
