// SPDX-License-Identifier: Apache-2.0
// Escapes of JSON within HTML, and of HTML itself.
#include "cli/report/script_json.h"

#include "base/text.h"

namespace lockstep::cli::report {

std::string script_json(const base::Json& document) {
  const std::string plain = document.dump(-1, ' ', false, base::Json::error_handler_t::replace);
  std::string out;
  out.reserve(plain.size() + plain.size() / 16);
  for (size_t i = 0; i < plain.size(); ++i) {
    const char c = plain[i];
    // U+2028 and U+2029 are E2 80 A8 and E2 80 A9. All of these characters occur within JSON strings alone.
    const bool is_separator = c == '\xE2' && i + 2 < plain.size() && plain[i + 1] == '\x80' && (plain[i + 2] == '\xA8' || plain[i + 2] == '\xA9');
    if (is_separator) {
      out += plain[i + 2] == '\xA8' ? "\\u2028" : "\\u2029";
      i += 2;
    } else if (c == '<') {
      out += "\\u003c";
    } else if (c == '>') {
      out += "\\u003e";
    } else if (c == '&') {
      out += "\\u0026";
    } else {
      out += c;
    }
  }
  return out;
}

std::string html_text(std::string_view text) {
  std::string out;
  for (const char c : base::repair_utf8(text)) {
    switch (c) {
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '&': out += "&amp;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
  return out;
}

}  // namespace lockstep::cli::report
