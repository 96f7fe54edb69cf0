// SPDX-License-Identifier: Apache-2.0
// What a plugin prints, as lines for the log: cut to a length, and to an amount per call, so that no plugin floods it.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace lockstep::rewards::plugins {

class OutputLines {
 public:
  static constexpr size_t kMaxLineBytes = 2000;
  static constexpr size_t kMaxBytesPerCall = size_t{64} << 10;

  explicit OutputLines(std::function<void(const std::string& line)> sink) : sink_(std::move(sink)) {}

  void append(std::string_view bytes);  // whole lines go to the sink
  void new_call();                      // allows another kMaxBytesPerCall; says how much was dropped before
  void finish();                        // the last line, even without a line break

 private:
  void emit();
  std::function<void(const std::string&)> sink_;
  std::string line_;
  size_t emitted_bytes_ = 0, dropped_bytes_ = 0;
};

}  // namespace lockstep::rewards::plugins
