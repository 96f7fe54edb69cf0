// SPDX-License-Identifier: Apache-2.0
// Log and progress, seen through what really arrives on stderr: a file, a pipe, a terminal.
#include "base/log.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <limits>
#include <regex>
#include <thread>
#include <vector>

#include "base/file.h"
#include "base/file_handle.h"
#include "tests/base/error_of.h"
#include "tests/base/faults.h"
#include "tests/base/temp_folder.h"

namespace lockstep::base {
namespace {

// Points stderr elsewhere for one scope.
class StderrTo {
 public:
  explicit StderrTo(int number) : saved_(::dup(STDERR_FILENO)) { ::dup2(number, STDERR_FILENO); }
  ~StderrTo() { ::dup2(saved_.number(), STDERR_FILENO); }
  StderrTo(const StderrTo&) = delete;
  StderrTo& operator=(const StderrTo&) = delete;

 private:
  FileHandle saved_;
};

// What `action` writes to a stderr that is a file.
template <class Action>
std::string written_by(const Action& action) {
  const TempFolder folder;
  {
    const FileHandle file(::open((folder / "err").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600));
    const StderrTo redirected(file.number());
    action();
  }
  return read_file(folder / "err");
}

// What `action` writes to a stderr that is a terminal of 60 columns.
template <class Action>
std::string written_to_terminal(const Action& action) {
  const FileHandle main_end(::posix_openpt(O_RDWR | O_NOCTTY));
  REQUIRE(main_end.number() >= 0);
  REQUIRE(::grantpt(main_end.number()) == 0);
  REQUIRE(::unlockpt(main_end.number()) == 0);
  const FileHandle terminal(::open(::ptsname(main_end.number()), O_RDWR | O_NOCTTY));
  REQUIRE(terminal.number() >= 0);
  const winsize size{.ws_row = 24, .ws_col = 60, .ws_xpixel = 0, .ws_ypixel = 0};
  ::ioctl(terminal.number(), TIOCSWINSZ, &size);
  {
    const StderrTo redirected(terminal.number());
    action();
  }
  std::string out;
  char buffer[4096];
  for (pollfd ready{main_end.number(), POLLIN, 0}; ::poll(&ready, 1, 100) == 1 && (ready.revents & POLLIN) != 0;) {
    const ssize_t count = ::read(main_end.number(), buffer, sizeof buffer);
    if (count <= 0) break;
    out.append(buffer, static_cast<size_t>(count));
  }
  return out;
}

void sleep_ms(int ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

TEST_CASE("log: lines carry time and level, and lines below the level are dropped") {
  const std::string out = written_by([] {
    log(LogLevel::debug, "hidden");
    log_info("shown");
    log_warn("careful");
    log(LogLevel::error, "bad");
    set_log_level(LogLevel::error);
    log_warn("hidden");
    set_log_level(LogLevel::info);
  });
  CHECK(std::regex_match(
      out, std::regex(R"(\d\d:\d\d:\d\d shown\n\d\d:\d\d:\d\d warning: careful\n\d\d:\d\d:\d\d error: bad\n)")));
}

TEST_CASE("log: control characters become visible, line breaks stay") {
  const std::string out = written_by([] { log_info("a\x1b[31m\nb\rc"); });
  CHECK(contains(out,
                 "a\\x1b[31m\nb\\x0d"
                 "c\n"));
}

TEST_CASE("log: the file is appended to, with date and level, until it is closed") {
  const TempFolder folder;
  write_file_atomic(folder / "log", "earlier\n");
  written_by([&] {
    set_log_file(folder / "log");
    log_info("one");
    log_warn("two");
    set_log_file("");
    log_info("not in the file");
  });
  const std::string time = R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)";
  CHECK(std::regex_match(read_file(folder / "log"),
                         std::regex("earlier\n" + time + " info one\n" + time + " warning two\n")));
}

TEST_CASE("log: a log file that cannot be opened is an Error, one that cannot be written a single warning") {
  const TempFolder folder;
  const Error error = error_of([&] { set_log_file(folder / "no/log"); });
  CHECK(error.what_happened() == "cannot open log file: No such file or directory");
  CHECK(error.where() == folder / "no/log");
  CHECK(error.fix() == "check the path");

  const std::string out = written_by([] {
    set_log_file("/dev/full");
    log_info("one");
    log_info("two");
    set_log_file("");
  });
  const size_t first = out.find("the log file is incomplete: cannot write file: No space left on device");
  REQUIRE(first != std::string::npos);
  CHECK(out.find("incomplete", first + 20) == std::string::npos);
  CHECK(contains(out, " two\n"));
}

TEST_CASE("log: lines of many threads stay whole") {
  const TempFolder folder;
  const std::string out = written_by([&] {
    set_log_file(folder / "log");
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([t] {
        for (int i = 0; i < 100; ++i) log_info(std::string(50, static_cast<char>('a' + t)));
      });
    }
    for (std::thread& thread : threads) thread.join();
    set_log_file("");
  });
  for (const std::string& text : {out, read_file(folder / "log")}) {
    const auto lines = split(text, '\n');
    CHECK(lines.size() == 401);
    for (const std::string& line : lines) {
      if (line.empty()) continue;
      CHECK(line.substr(line.size() - 50) == std::string(50, line.back()));
      CHECK(line.size() < 80);
    }
  }
}

TEST_CASE("seconds: two units at most, rounded without ever showing 60") {
  CHECK(format_seconds(0) == "0.0 s");
  CHECK(format_seconds(4.2) == "4.2 s");
  CHECK(format_seconds(59.94) == "59.9 s");
  CHECK(format_seconds(59.96) == "1m 00s");
  CHECK(format_seconds(65) == "1m 05s");
  CHECK(format_seconds(3599.6) == "1h 00m");
  CHECK(format_seconds(7380) == "2h 03m");
  CHECK(format_seconds(86399) == "1d 00h");
  CHECK(format_seconds(100 * 3600.0) == "4d 04h");
  for (const double none :
       {-1.0, std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN(), 1e300}) {
    CHECK(format_seconds(none) == "?");
  }
}

TEST_CASE("progress line: shows share, count, the time left at this run's rate, and the note") {
  ProgressView view{.label = "train", .note = "reward 0.5", .done = 5, .total = 20, .start = 0, .elapsed_s = 50};
  CHECK(format_progress(view) == "train  25% 5/20  2m 30s left  reward 0.5");
  view.start = 4;  // resumed: one step took the 50 seconds
  CHECK(format_progress(view) == "train  25% 5/20  12m 30s left  reward 0.5");
  view.start = 5;
  CHECK(format_progress(view) == "train  25% 5/20  reward 0.5");  // no rate yet
  view = {.label = "train", .note = {}, .done = 20, .total = 20, .start = 0, .elapsed_s = 50};
  CHECK(format_progress(view) == "train  100% 20/20  in 50.0 s");
  view = {.label = "read", .note = {}, .done = 7, .total = 0, .start = 0, .elapsed_s = 2};
  CHECK(format_progress(view) == "read  7 done  2.0 s");
}

TEST_CASE("progress line: is cut to the width, says 100% only when done, and bounds its bar") {
  ProgressView view{
      .label = "train", .note = std::string(100, 'n'), .done = 999, .total = 1000, .start = 0, .elapsed_s = 1};
  CHECK(contains(format_progress(view), " 99% "));
  CHECK(format_progress(view, 50).size() == 50);
  CHECK(contains(format_progress(view, 90), "[#############################-]"));
  view.done = 2000;
  CHECK(contains(format_progress(view, 90), "[##############################] 100% 2000/1000"));
  view.done = -5;
  CHECK(contains(format_progress(view, 90), "[------------------------------] 0% "));
  view.label = "Zürich 😀";
  CHECK(format_progress(view, 8) == "Zürich 😀");  // characters, not bytes
}

TEST_CASE("progress: without a terminal there are plain lines only, and the last at the end") {
  const std::string out = written_by([] {
    Progress progress("train", 1000);
    for (int i = 1; i <= 1000; ++i) progress.update(i, "note\x1b");
    progress.finish();
    progress.finish();
    progress.update(1000);
  });
  CHECK(std::regex_match(out, std::regex(R"(train  100% 1000/1000  in \d\.\d s  note\\x1b\n)")));
}

TEST_CASE("progress: a terminal shows a bar that log lines do not tear, redrawn at most 10 times a second") {
  double elapsed_s = 0;  // of the part that may redraw; a busy machine can stretch it
  const std::string out = written_to_terminal([&] {
    const auto start = std::chrono::steady_clock::now();
    Progress progress("train", 4);
    sleep_ms(120);
    for (int i = 0; i < 1000; ++i) progress.update(2);
    log_info("between");
    sleep_ms(120);
    progress.update(3);
    elapsed_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  });
  const std::string clear = "\r\x1b[K", half = clear + "train [#########----------] 50% 2/4";
  CHECK(out.rfind(half, 0) == 0);
  const size_t line = out.find("between\r\n");
  REQUIRE(line != std::string::npos);
  CHECK(out.rfind(clear, line) == line - 9 - clear.size());              // "hh:mm:ss " stands on a cleared row
  CHECK(out.substr(line + 9).rfind(half.substr(clear.size()), 0) == 0);  // and the bar is drawn again below it
  CHECK(contains(out, clear + "train [##############-----] 75% 3/4"));
  CHECK(out.substr(out.size() - 2) == "\r\n");  // finished by its destructor
  size_t draws = 0;
  for (size_t at = 0; (at = out.find(clear + "train", at)) != std::string::npos; ++at) ++draws;
  CHECK(static_cast<double>(draws) <= elapsed_s / 0.1 + 1);  // and one at the end
}

}  // namespace
}  // namespace lockstep::base
