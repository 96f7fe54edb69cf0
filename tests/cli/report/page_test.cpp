// SPDX-License-Identifier: Apache-2.0
// The page: its data survives any text, nothing of it is markup, and its policy names its own style and script alone.
#include "cli/report/page.h"

#include <doctest/doctest.h>

#include "base/file.h"
#include "base/rng.h"
#include "base/sha256_digest.h"
#include "base/text.h"
#include "cli/report/assets.h"
#include "cli/report/script_json.h"
#include "tests/cli/report/run_folder.h"

namespace lockstep::test {
namespace {

using base::Json;

const std::vector<std::string> kHostile = {
    "</script><img src=x onerror=alert(1)>", "<!--<script>", "]]>", "</SCRIPT >", "{{script}}{{data}}", "&lt;&amp;\"'`", "\xE2\x80\xA8\xE2\x80\xA9",
    std::string("nul\0inside", 10), "\x1b[31mred", "\\u003c/script\\u003e", "\xF0\x9F\x98\x80", ")lockstep~\"", "javascript:alert(1)"};

size_t count(const std::string& text, const std::string& part) {
  size_t found = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

// An independent base64, bit by bit.
std::string base64_of(const base::Sha256Digest& digest) {
  const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (size_t bit = 0; bit < digest.size() * 8; bit += 6) {
    unsigned value = 0;
    for (size_t i = bit; i < bit + 6; ++i)
      value = value * 2 + (i < digest.size() * 8 ? digest[i / 8] >> (7 - i % 8) & 1u : 0u);
    out += digits[value];
  }
  while (out.size() % 4 != 0) out += '=';
  return out;
}

}  // namespace

TEST_CASE("page: any bytes as a string come back from the page as that string, ill-formed UTF-8 repaired") {
  base::Random rng(11);
  std::vector<std::string> texts = kHostile;
  for (int i = 0; i < 300; ++i) {
    std::string text;
    for (uint64_t n = rng.below(60); n > 0; --n)
      text += rng.chance(0.2) ? rng.pick(kHostile) : std::string(1, static_cast<char>(rng.below(256)));
    texts.push_back(base::repair_utf8(text));
  }
  Json document = {{"texts", texts}};
  for (const auto& text : texts) document["keys"][text] = 1;
  const std::string page = cli::report::make_page(document, {.title = "t"});
  CHECK(page_data(page) == document);
  const std::string data = cli::report::script_json(document);
  for (const char* part : {"<", ">", "&", "\xE2\x80\xA8", "\xE2\x80\xA9"}) CHECK(count(data, part) == 0);
  // One element for the data, one for the script, whatever the data says.
  CHECK(count(page, "<script") == 2);
  CHECK(count(page, "</script") == 2);
  CHECK(count(page, "{{") == count(data, "{{"));
}

TEST_CASE("page: strings that are no UTF-8 become U+FFFD and nothing else") {
  const std::string page = cli::report::make_page({{"text", "a\xFF</script>\xC0z"}}, {.title = "t"});
  CHECK(page_data(page)["text"] == "a\xEF\xBF\xBD</script>\xEF\xBF\xBDz");
}

TEST_CASE("page: the title is text") {
  const std::string page = cli::report::make_page(Json::object(), {.title = "</title><script>alert('1')</script>&\""});
  CHECK(between(page, "<title>", "</title>") == "&lt;/title&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;&quot; · Lockstep report");
}

TEST_CASE("page: the policy allows the page's own style and script by hash, and no other source") {
  for (const bool is_live : {false, true}) {
    const std::string page = cli::report::make_page(Json::object(), {.title = "t", .is_live = is_live});
    const std::string policy = between(page, "http-equiv=\"Content-Security-Policy\" content=\"", "\"");
    const std::string style = between(page, "<style>", "</style>"), script = between(page, "<script>", "</script>");
    CHECK(policy == cat("default-src 'none'; style-src 'sha256-", base64_of(base::sha256_digest(style)), "'; script-src 'sha256-",
                        base64_of(base::sha256_digest(script)), "'", is_live ? "; connect-src 'self'" : "", "; base-uri 'none'; form-action 'none'"));
  }
}

TEST_CASE("page: its sources load nothing, and write text only as text") {
  const std::string all = cat(cli::report::kPageTemplate, cli::report::kPageStyle, cli::report::kPageScript);
  for (const char* part : {"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "@import", "url(",
                           " src=", "href=\"http"}) {
    CAPTURE(part);
    CHECK(count(all, part) == 0);
  }
  CHECK(count(all, "http://") == count(all, "http://www.w3.org/2000/svg"));
  CHECK(count(all, "https://") == 0);
}

TEST_CASE("page: no source of it is longer than 400 lines") {
  const std::string folder = std::string(LOCKSTEP_SOURCE_DIR) + "/cli/report";
  int files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".js" && entry.path().extension() != ".css" && entry.path().extension() != ".html") continue;
    CAPTURE(entry.path().string());
    CHECK(count(base::read_file(entry.path().string()), "\n") <= 400);
    ++files;
  }
  CHECK(files > 8);
}

}  // namespace lockstep::test
