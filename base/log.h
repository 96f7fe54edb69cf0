// SPDX-License-Identifier: Apache-2.0
// The terminal: log lines on stderr (and in the run folder's `log`), a progress bar on a TTY, plain lines otherwise.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lockstep::base {

enum class LogLevel { debug, info, warn, error };

void set_log_level(LogLevel level);          // lines below it are dropped; info at first
void set_log_file(const std::string& path);  // appends from now on; "" stops
// One line on stderr, and with its UTC time in the log file. Safe from any thread; line breaks of the message stay,
// other control characters become visible. Never throws: a log file that cannot be written is reported once on stderr.
void log(LogLevel level, std::string_view message);
inline void log_info(std::string_view message) { log(LogLevel::info, message); }
inline void log_warn(std::string_view message) { log(LogLevel::warn, message); }

// "1m 05s", "2h 03m", "4.2 s"; "?" for what is negative or not finite.
std::string format_seconds(double seconds);

// What a progress line shows.
struct ProgressView {
  std::string label, note;
  int64_t done = 0, total = 0;  // total <= 0: unknown, so neither bar nor time left
  int64_t start = 0;            // work that was done before this run; it does not count into the rate
  double elapsed_s = 0;
};
// "train  45% 9/20  1m 05s left  note", after a bar of up to 30 cells when `width` > 0; then cut to `width` characters.
std::string format_progress(const ProgressView& view, size_t width = 0);

// Progress with time left. On a TTY one line is redrawn at most 10 times a second; otherwise a plain line at
// most every 10 seconds and at the end. Log lines printed meanwhile do not tear it. One thread updates it.
class Progress {
 public:
  Progress(std::string label, int64_t total, int64_t start = 0);
  ~Progress();  // finishes
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void update(int64_t done, std::string_view note = "");
  void finish();

 private:
  void draw(double now);
  ProgressView view_;
  double started_, last_drawn_;
  bool is_finished_ = false;
};

}  // namespace lockstep::base
