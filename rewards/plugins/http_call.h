// SPDX-License-Identifier: Apache-2.0
// A POST that is repeated until its answer is of use, and many of them at the same time.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "rewards/plugins/http_post.h"

namespace lockstep::rewards::plugins {

struct HttpCall {
  HttpUrl url;
  std::string json = {};
  std::vector<HttpField> fields = {};
  int num_tries = 5;
  double timeout_s = 180;  // of all tries together
};

// What a try was worth: accepted ends the call well; useless is repeated; hopeless would fail again and ends the call.
enum class TryResult { accepted, useless, hopeless };

struct HttpOutcome {
  enum class Kind { accepted, failed, timed_out };
  Kind kind = Kind::failed;
  std::string problem = {};  // unless accepted: "5 tries failed: HTTP code 503: busy", "no answer within 180 s, before: ..."
};

// Posts until `read` accepts a body that came with code 200, at most num_tries times, with pauses of 0.1 s, doubled up to 10 s,
// all within timeout_s. `read` says in `problem` what was wrong. Codes 400 to 404 are hopeless where `gives_up_early`.
HttpOutcome http_call(const HttpCall& call, const std::function<TryResult(const std::string& body, std::string& problem)>& read,
                      bool gives_up_early = false);

// Runs work(i) for each i < count on at most num_connections threads.
void http_each(size_t count, int num_connections, const std::function<void(size_t)>& work);

}  // namespace lockstep::rewards::plugins
