// SPDX-License-Identifier: Apache-2.0
// Unicode normalisation form C.
#pragma once

#include <string>
#include <string_view>

namespace lockstep::model {

// NFC of well-formed UTF-8, by utf8proc's tables; O(n log n) for any text.
std::string to_nfc(std::string_view text);

}  // namespace lockstep::model
