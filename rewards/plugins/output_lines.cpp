// SPDX-License-Identifier: Apache-2.0
// Lines of a plugin's output, bounded.
#include "rewards/plugins/output_lines.h"

#include <algorithm>

#include "base/text.h"

namespace lockstep::rewards::plugins {

void OutputLines::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const size_t end = bytes.find('\n');
    const std::string_view part = bytes.substr(0, end);
    const size_t kept = std::min(part.size(), kMaxLineBytes - std::min(line_.size(), kMaxLineBytes));
    line_ += part.substr(0, kept);
    dropped_bytes_ += part.size() - kept;
    if (end == std::string_view::npos) return;
    emit();
    bytes.remove_prefix(end + 1);
  }
}

void OutputLines::emit() {
  if (emitted_bytes_ >= kMaxBytesPerCall) {
    dropped_bytes_ += line_.size() + 1;
  } else {
    emitted_bytes_ += line_.size() + 1;
    sink_(line_);
  }
  line_.clear();
}

void OutputLines::new_call() {
  if (dropped_bytes_ > 0) sink_(cat("(", dropped_bytes_, " more bytes of output were dropped)"));
  emitted_bytes_ = dropped_bytes_ = 0;
}

void OutputLines::finish() {
  if (!line_.empty()) emit();
  new_call();
}

}  // namespace lockstep::rewards::plugins
