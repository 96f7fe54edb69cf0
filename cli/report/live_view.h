// SPDX-License-Identifier: Apache-2.0
// What the live view of a run answers: the page, what is new since, Prometheus text.
#pragma once

#include <cstdint>
#include <string>

#include "cli/report/http.h"
#include "cli/report/run_reader.h"

namespace lockstep::cli::report {

class LiveView {
 public:
  explicit LiveView(const std::string& folder);  // Error when there is no such folder

  // GET /                    the page, its data as of now
  // GET /data.json?after=C   {"cursor": C', "rows", "samples", "facts", "more"}: what came after the cursor C of the page or of an earlier
  //                          answer; {"reset": true} when that is too long ago, or of a run that began anew: load the page again
  // GET /metrics             Prometheus text
  HttpResponse answer(const HttpRequest& request);

  const std::string& name() const { return name_; }

 private:
  struct Cursor {
    std::string beginning;  // which file of which server the counts are of
    int64_t num_rows = 0, stored_step = -1;
  };
  std::string beginning() const;
  std::string cursor_text(int64_t num_rows, int64_t stored_step) const;
  HttpResponse page();
  HttpResponse increment(const std::string& after);
  HttpResponse metrics() const;

  RunReader reader_;
  std::string name_, server_id_;
};

}  // namespace lockstep::cli::report
