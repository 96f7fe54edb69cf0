// SPDX-License-Identifier: Apache-2.0
// Each change of the terminal is one write(2), so that lines of several threads and processes do not mix.
#include "base/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>

#include "base/text.h"

namespace lockstep::base {
namespace {

constexpr std::string_view kClearRow = "\r\x1b[K";

// A closed or full stderr is no reason to stop a run: the text is dropped.
void write_stderr(std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(STDERR_FILENO, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    text.remove_prefix(static_cast<size_t>(count));
  }
}

}  // namespace

Terminal& Terminal::instance() {
  static Terminal terminal;
  return terminal;
}

bool Terminal::is_tty() const { return ::isatty(STDERR_FILENO) == 1; }

size_t Terminal::width() const {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

void Terminal::print_line(std::string_view line) {
  const std::lock_guard lock(mutex_);
  write_stderr(cat(status_.empty() ? "" : kClearRow, line, "\n", status_));
}

void Terminal::show_status(std::string_view line) {
  const std::lock_guard lock(mutex_);
  status_ = line;
  write_stderr(cat(kClearRow, status_));
}

void Terminal::end_status(std::string_view final_line) {
  const std::lock_guard lock(mutex_);
  write_stderr(cat(status_.empty() ? "" : kClearRow, final_line, "\n"));
  status_.clear();
}

}  // namespace lockstep::base
