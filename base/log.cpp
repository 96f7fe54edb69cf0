// SPDX-License-Identifier: Apache-2.0
// Log lines: short on the terminal, with date and level in the log file.
#include "base/log.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <ctime>
#include <mutex>

#include "base/error.h"
#include "base/file_handle.h"
#include "base/terminal.h"
#include "base/text.h"

namespace lockstep::base {
namespace {

// The log of this process; log() is the one function that needs no owner to be passed around.
struct Log {
  std::atomic<LogLevel> level{LogLevel::info};
  std::mutex mutex;  // guards the file
  FileHandle file;
  std::string path;
  bool has_failed = false;
};

Log& log_state() {
  static Log state;
  return state;
}

std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warn:
      return "warning";
    case LogLevel::error:
      return "error";
  }
  return "?";
}

// `format` of strftime, of this moment.
std::string time_text(const char* format, bool is_utc) {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  is_utc ? ::gmtime_r(&now, &parts) : ::localtime_r(&now, &parts);
  char buffer[32];
  return {buffer, std::strftime(buffer, sizeof buffer, format, &parts)};
}

std::string visible(std::string_view message) {
  std::vector<std::string> lines = split(message, '\n');
  for (std::string& line : lines) line = printable(line);
  return join(lines, "\n");
}

void append_to_file(LogLevel level, std::string_view text) {
  Log& state = log_state();
  const std::lock_guard lock(state.mutex);
  if (state.file.number() < 0) return;
  try {
    write_all(state.file, cat(time_text("%Y-%m-%dT%H:%M:%SZ", true), " ", name_of(level), " ", text, "\n"), state.path);
    state.has_failed = false;
  } catch (const Error& failure) {
    if (!state.has_failed)
      Terminal::instance().print_line(cat("warning: the log file is incomplete: ", failure.what()));
    state.has_failed = true;
  }
}

}  // namespace

void set_log_level(LogLevel level) { log_state().level = level; }

void set_log_file(const std::string& path) {
  FileHandle file;
  if (!path.empty()) {
    file = FileHandle(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    if (file.number() < 0) throw_errno("open log file", path, errno);
  }
  Log& state = log_state();
  const std::lock_guard lock(state.mutex);
  state.file = std::move(file);
  state.path = path;
  state.has_failed = false;
}

void log(LogLevel level, std::string_view message) {
  if (level < log_state().level.load(std::memory_order_relaxed)) return;
  const std::string text = visible(message);
  const std::string tag = level == LogLevel::info ? "" : cat(name_of(level), ": ");
  Terminal::instance().print_line(cat(time_text("%H:%M:%S ", false), tag, text));
  append_to_file(level, text);
}

}  // namespace lockstep::base
