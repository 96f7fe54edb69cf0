// SPDX-License-Identifier: Apache-2.0
// Progress lines: what is done, and how long the rest takes at this run's rate.
#include <algorithm>
#include <chrono>
#include <cmath>

#include "base/log.h"
#include "base/terminal.h"
#include "base/text.h"

namespace lockstep::base {
namespace {

constexpr double kRedraw_s = 0.1, kPlainLine_s = 10;

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::string two_units(int64_t large, std::string_view large_unit, int64_t small, std::string_view small_unit) {
  return cat(large, large_unit, " ", small < 10 ? "0" : "", small, small_unit);
}

// "[########--------]"
std::string bar(double fraction, size_t cells) {
  const auto full = static_cast<size_t>(fraction * static_cast<double>(cells));
  return cat("[", std::string(full, '#'), std::string(cells - full, '-'), "]");
}

// The first `width` characters of one line of UTF-8.
std::string cut(const std::string& line, size_t width) {
  std::u32string characters = decode_utf8(line);
  if (characters.size() <= width) return line;
  std::string out;
  for (const char32_t c : characters.substr(0, width)) append_utf8(out, c);
  return out;
}

}  // namespace

std::string format_seconds(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0 || seconds > 1e12) return "?";
  // Each test is on the rounded value, so that no line says "60.0 s" or "1m 60s".
  if (std::llround(seconds * 10) < 600) return cat(fixed(seconds, 1), " s");
  const int64_t whole = std::llround(seconds), minutes = std::llround(seconds / 60),
                hours = std::llround(seconds / 3600);
  if (whole < 3600) return two_units(whole / 60, "m", whole % 60, "s");
  if (minutes < 24 * 60) return two_units(minutes / 60, "h", minutes % 60, "m");
  return two_units(hours / 24, "d", hours % 24, "h");
}

std::string format_progress(const ProgressView& view, size_t width) {
  std::string line = printable(view.label);
  if (view.total > 0) {
    const double fraction = std::clamp(static_cast<double>(view.done) / static_cast<double>(view.total), 0.0, 1.0);
    // Rounded down: 100% means done.
    const std::string counts = cat(static_cast<int>(fraction * 100), "% ", view.done, "/", view.total);
    line += cat(" ", width > 0 ? bar(fraction, std::min<size_t>(30, width / 3)) : "", " ", counts);
    const auto made = static_cast<double>(view.done - view.start);
    if (view.done >= view.total) {
      line += cat("  in ", format_seconds(view.elapsed_s));
    } else if (made > 0) {
      line += cat("  ", format_seconds(view.elapsed_s / made * static_cast<double>(view.total - view.done)), " left");
    }
  } else {
    line += cat("  ", view.done, " done  ", format_seconds(view.elapsed_s));
  }
  if (!view.note.empty()) line += cat("  ", printable(view.note));
  return width > 0 ? cut(line, width) : line;
}

Progress::Progress(std::string label, int64_t total, int64_t start)
    : view_{.label = std::move(label), .note = {}, .done = start, .total = total, .start = start},
      started_(seconds_now()),
      last_drawn_(started_) {}

Progress::~Progress() { finish(); }

void Progress::update(int64_t done, std::string_view note) {
  if (is_finished_) return;
  view_.done = done;
  view_.note = note;
  const double now = seconds_now();
  const double interval = Terminal::instance().is_tty() ? kRedraw_s : kPlainLine_s;
  if (now - last_drawn_ >= interval) draw(now);
}

void Progress::draw(double now) {
  last_drawn_ = now;
  view_.elapsed_s = now - started_;
  Terminal& terminal = Terminal::instance();
  if (terminal.is_tty()) {
    // One column stays free: some terminals wrap when the last is written.
    terminal.show_status(format_progress(view_, std::max<size_t>(terminal.width(), 20) - 1));
  } else {
    terminal.print_line(format_progress(view_));
  }
}

void Progress::finish() {
  if (is_finished_) return;
  is_finished_ = true;
  view_.elapsed_s = seconds_now() - started_;
  Terminal& terminal = Terminal::instance();
  terminal.end_status(format_progress(view_, terminal.is_tty() ? std::max<size_t>(terminal.width(), 20) - 1 : 0));
}

}  // namespace lockstep::base
