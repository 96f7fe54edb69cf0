// SPDX-License-Identifier: Apache-2.0
// JSON that may stand inside <script type="application/json">, whatever its strings hold.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"

namespace lockstep::cli::report {

// The document with <, >, &, U+2028 and U+2029 as \u escapes: no string can end the element or begin a comment, and a parser
// reads the same document. Ill-formed UTF-8 becomes U+FFFD.
std::string script_json(const base::Json& document);

// Text for an HTML element or a quoted attribute.
std::string html_text(std::string_view text);

}  // namespace lockstep::cli::report
