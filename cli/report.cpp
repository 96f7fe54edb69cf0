// SPDX-License-Identifier: Apache-2.0
// `lockstep report`: the page over one run or several, written to a file or served while a run goes on.
#include <iostream>

#include "base/log.h"
#include "base/signal.h"
#include "base/text.h"
#include "cli/report/live_view.h"
#include "cli/report/server.h"
#include "cli/report/write_report.h"
#include "cli/verb.h"

namespace lockstep::cli {
namespace {

constexpr int64_t kDefaultPort = 7878;

std::vector<std::string> run_folders(const Arguments& arguments) {
  std::vector<std::string> folders;
  for (size_t i = 0; i < arguments.num_positionals(); ++i) folders.push_back(arguments.positional(i));
  return folders;
}

ExitCode serve(const Arguments& arguments) {
  if (arguments.num_positionals() != 1)
    throw UsageError(cat("--serve shows one run, these are ", arguments.num_positionals()), arguments.command(),
                     "name one RUN, or leave --serve out");
  if (arguments.has("output")) throw UsageError("--serve writes no file", arguments.command(), "leave out --output or --serve");
  base::install_stop_signals();
  report::LiveView view(arguments.positional(0));
  report::Server server(static_cast<uint16_t>(arguments.integer_or("port", kDefaultPort, 0, 65535)));
  std::cout << "http://127.0.0.1:" << server.port() << "/" << std::endl;
  server.run([&](const report::HttpRequest& request) { return view.answer(request); }, base::stop_flag(),
             [](const char* fault) { base::log_warn(cat("a request failed: ", fault)); });
  return ExitCode::done;
}

ExitCode run_report(const Arguments& arguments) {
  if (arguments.has("serve")) return serve(arguments);
  if (arguments.has("port")) throw UsageError("--port goes with --serve", arguments.command(), "add --serve, or leave --port out");
  const auto folders = run_folders(arguments);
  // A comparison belongs to no run, so it lies where the command was given.
  const std::string beside = folders.size() == 1 ? folders[0] + "/report.html" : "report.html";
  const std::string output = arguments.value_or("output", beside);
  report::write_report(folders, output);
  std::cout << output << "\n";
  return ExitCode::done;
}

}  // namespace

Verb report_verb() {
  return {.name = "report",
          .summary = "write a run's charts and samples as one HTML file, compare runs, or serve the page of a run that goes on",
          .usage = {.positionals = {{.name = "RUN", .meaning = "folders of runs (output_dir)", .is_repeatable = true}},
                    .options = {{.name = "output", .value = "FILE", .meaning = "where to write (default: RUN/report.html; of several runs, report.html)"},
                                {.name = "serve", .meaning = "serve one run's page on this machine alone, kept up to date; /metrics for Prometheus"},
                                {.name = "port", .value = "N", .meaning = cat("port of --serve (default: ", kDefaultPort, "; 0: any free one)")}},
                    .notes = "The page needs no network and loads nothing. `lockstep train` writes it at the end of a run.\n"},
          .run = run_report};
}

}  // namespace lockstep::cli
