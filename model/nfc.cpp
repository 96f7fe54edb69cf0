// SPDX-License-Identifier: Apache-2.0
// utf8proc's own utf8proc_map orders combining marks by insertion, quadratic for a long run of them. So the three parts of
// NFC (Unicode Standard Annex 15: decompose, order, compose) are called one by one, and ordering is a stable sort.
#include "model/nfc.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/error.h"
#include "base/text.h"

namespace lockstep::model {
namespace {

// Text below U+0300 has no combining marks and nothing to compose: it is in NFC already.
bool is_surely_nfc(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<uint8_t>(c) < 0xCC; });
}

auto combining_class(int32_t code_point) { return utf8proc_get_property(code_point)->combining_class; }

std::vector<int32_t> decompose(std::string_view text) {
  std::vector<int32_t> out;
  for (const char32_t code_point : base::decode_utf8(text)) {
    std::array<int32_t, 8> parts{};  // canonical decompositions have at most 4
    int boundary = 0;
    const auto count = utf8proc_decompose_char(static_cast<int32_t>(code_point), parts.data(), parts.size(),
                                               static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_DECOMPOSE),
                                               &boundary);
    LOCKSTEP_CHECK(count > 0 && static_cast<size_t>(count) <= parts.size(), "a decomposition of unexpected length");
    out.insert(out.end(), parts.begin(), parts.begin() + count);
  }
  return out;
}

void order_marks(std::vector<int32_t>& code_points) {
  const auto is_starter = [](int32_t c) { return combining_class(c) == 0; };
  for (auto at = code_points.begin(); at != code_points.end();) {
    const auto run = std::find_if_not(at, code_points.end(), is_starter);
    const auto end = std::find_if(run, code_points.end(), is_starter);
    std::stable_sort(run, end, [](int32_t a, int32_t b) { return combining_class(a) < combining_class(b); });
    at = end;
  }
}

}  // namespace

std::string to_nfc(std::string_view text) {
  if (is_surely_nfc(text)) return std::string(text);
  std::vector<int32_t> code_points = decompose(text);
  order_marks(code_points);
  const auto count = utf8proc_normalize_utf32(code_points.data(), static_cast<utf8proc_ssize_t>(code_points.size()),
                                              static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  LOCKSTEP_CHECK(count >= 0, utf8proc_errmsg(count));
  std::string out;
  for (utf8proc_ssize_t i = 0; i < count; ++i) base::append_utf8(out, static_cast<char32_t>(code_points[static_cast<size_t>(i)]));
  return out;
}

}  // namespace lockstep::model
