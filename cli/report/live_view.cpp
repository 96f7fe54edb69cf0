// SPDX-License-Identifier: Apache-2.0
// Cursors, increments and the page of a run that goes on.
#include "cli/report/live_view.h"

#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <limits>
#include <optional>

#include "base/text.h"
#include "cli/report/page.h"
#include "cli/report/prometheus.h"
#include "cli/report/run_facts.h"
#include "cli/report/script_json.h"

namespace lockstep::cli::report {
namespace {

constexpr size_t kRecentRows = 4000, kRowsPerAnswer = 500;
constexpr const char* kJson = "application/json; charset=utf-8";

int64_t newest_stored_step(const std::string& folder) {
  const auto steps = stored_steps(folder + "/completions");
  return steps.empty() ? -1 : steps.back();
}

std::optional<int64_t> whole_number(const std::string& text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

HttpResponse json_response(const base::Json& json) { return {.type = kJson, .body = script_json(json) + "\n"}; }

}  // namespace

// The server's id differs at each start, so that a page of an earlier one loads itself again.
LiveView::LiveView(const std::string& folder)
    : reader_(folder, {.max_recent_rows = kRecentRows}),
      name_(run_facts(folder)["name"].get<std::string>()),
      server_id_(cat(std::hex, std::chrono::system_clock::now().time_since_epoch().count())) {}

std::string LiveView::beginning() const { return cat(server_id_, ".", reader_.generation()); }

std::string LiveView::cursor_text(int64_t num_rows, int64_t stored_step) const {
  return cat(beginning(), "_", num_rows, "_", stored_step);
}

HttpResponse LiveView::page() {
  const int64_t stored = newest_stored_step(reader_.folder());
  base::Json document = page_document(base::Json::array({reader_.document()}));
  document["live"] = {{"cursor", cursor_text(reader_.num_rows(), stored)}};
  return {.type = "text/html; charset=utf-8",
          .body = make_page(document, {.title = name_ + " (live)", .is_live = true}),
          .headers = {{"Content-Security-Policy", content_policy(true) + "; frame-ancestors 'none'"}}};
}

HttpResponse LiveView::increment(const std::string& after) {
  const auto parts = base::split(after, '_');
  const auto rows = parts.size() == 3 ? whole_number(parts[1]) : std::nullopt, step = parts.size() == 3 ? whole_number(parts[2]) : std::nullopt;
  if (!rows || !step) return {.status = 400, .body = "after is no cursor of this server\n"};
  if (parts[0] != beginning() || !reader_.has_rows_since(*rows)) return json_response({{"reset", true}});
  const int64_t newest = newest_stored_step(reader_.folder());
  const int64_t done = std::min(reader_.num_rows(), *rows + static_cast<int64_t>(kRowsPerAnswer));
  base::Json out = {{"cursor", cursor_text(done, std::max(newest, *step))},
                    {"rows", reader_.rows_since(*rows, kRowsPerAnswer)},
                    {"more", done < reader_.num_rows()},
                    {"facts", changing_facts(reader_.folder())}};
  if (newest > *step) out["samples"] = read_step_samples(reader_.folder() + "/completions", newest, {});
  return json_response(out);
}

HttpResponse LiveView::metrics() const {
  struct stat status {};
  const std::string file = reader_.folder() + "/metrics.jsonl";
  const double written = ::stat(file.c_str(), &status) == 0
                             ? static_cast<double>(status.st_mtim.tv_sec) + 1e-9 * static_cast<double>(status.st_mtim.tv_nsec)
                             : std::numeric_limits<double>::quiet_NaN();
  return {.type = "text/plain; version=0.0.4; charset=utf-8", .body = prometheus_text(reader_.metrics(), name_, written)};
}

HttpResponse LiveView::answer(const HttpRequest& request) {
  if (request.path == "/favicon.ico") return {.status = 204};
  if (request.path != "/" && request.path != "/data.json" && request.path != "/metrics")
    return {.status = 404, .body = "there are /, /data.json and /metrics\n"};
  reader_.refresh();
  if (request.path == "/") return page();
  if (request.path == "/metrics") return metrics();
  return increment(query_value(request.query, "after").value_or(""));
}

}  // namespace lockstep::cli::report
