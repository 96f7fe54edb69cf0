// SPDX-License-Identifier: Apache-2.0
// Filling the template, and the hashes of its policy.
#include "cli/report/page.h"

#include <array>
#include <span>

#include "base/build_info.h"
#include "base/error.h"
#include "base/sha256_digest.h"
#include "base/text.h"
#include "cli/report/assets.h"
#include "cli/report/script_json.h"

namespace lockstep::cli::report {
namespace {

std::string base64(std::span<const uint8_t> bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t count = std::min<size_t>(3, bytes.size() - i);
    uint32_t word = 0;
    for (size_t k = 0; k < 3; ++k) word = word << 8 | (k < count ? bytes[i + k] : 0);
    for (size_t k = 0; k < 4; ++k) out += k <= count ? kDigits[word >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

std::string source_hash(std::string_view text) { return cat("'sha256-", base64(base::sha256_digest(text)), "'"); }

struct Part {
  std::string_view name;
  std::string_view text;
};

// One pass: what is filled in is not looked at again, so data cannot name a part.
template <size_t N>
std::string fill(std::string_view page, const std::array<Part, N>& parts) {
  std::string out;
  while (true) {
    const size_t open = page.find("{{");
    out += page.substr(0, open);
    if (open == std::string_view::npos) return out;
    const size_t close = page.find("}}", open);
    LOCKSTEP_CHECK(close != std::string_view::npos, "page.html has {{ without }}");
    const auto name = page.substr(open + 2, close - open - 2);
    bool is_known = false;
    for (const auto& part : parts) {
      if (part.name == name) out += part.text;
      is_known = is_known || part.name == name;
    }
    LOCKSTEP_CHECK(is_known, cat("page.html names an unknown part ", name));
    page.remove_prefix(close + 2);
  }
}

}  // namespace

std::string content_policy(bool is_live) {
  return cat("default-src 'none'; style-src ", source_hash(kPageStyle), "; script-src ", source_hash(kPageScript),
             is_live ? "; connect-src 'self'" : "", "; base-uri 'none'; form-action 'none'");
}

std::string make_page(const base::Json& document, const PageOptions& options) {
  const std::string policy = content_policy(options.is_live), title = html_text(options.title), data = script_json(document);
  return fill(kPageTemplate, std::array<Part, 5>{{{"policy", policy},
                                                  {"title", title},
                                                  {"style", kPageStyle},
                                                  {"script", kPageScript},
                                                  {"data", data}}});
}

base::Json page_document(base::Json runs) {
  const auto& build = base::build_info();
  return {{"format", 1}, {"lockstep", {{"version", build.version}, {"commit", build.commit}}}, {"runs", std::move(runs)}};
}

}  // namespace lockstep::cli::report
