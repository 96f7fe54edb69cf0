// SPDX-License-Identifier: Apache-2.0
// The page: one HTML file that needs nothing else, made of page.html, page.css, the scripts and the data.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"

namespace lockstep::cli::report {

struct PageOptions {
  std::string title;
  bool is_live = false;  // may ask the server that it came from for more
};

// The document stands in the page as data, escaped; a content security policy lets only our own style and script run.
std::string make_page(const base::Json& document, const PageOptions& options);

// The policy of such a page, as the meta element and the server's header say it.
std::string content_policy(bool is_live);

// {"format", "lockstep": {"version", "commit"}, "runs"}: what the page's script reads.
base::Json page_document(base::Json runs);

}  // namespace lockstep::cli::report
