// SPDX-License-Identifier: Apache-2.0
// RFC 9112, as much of it as a client needs that sends Connection: close.
#include "rewards/plugins/http_answer.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "base/text.h"
#include "rewards/plugins/http_post.h"

namespace lockstep::rewards::plugins {
namespace {

[[noreturn]] void bad(const std::string& what) { throw Error(what, "HTTP answer", "look at the reward's server"); }

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  return result;
}

size_t read_number(std::string_view text, int base) {
  size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) bad("a length that is no number");
  if (number > kMaxHttpBody) bad(cat("an answer of ", number, " bytes, above the limit of ", kMaxHttpBody));
  return number;
}

}  // namespace

void HttpAnswer::append(std::string_view bytes) {
  buffer_ += bytes;
  while (stage_ != Stage::done && step()) continue;
  buffer_.erase(0, at_);
  at_ = 0;
}

// Does what the bytes at hand allow; false when more are needed.
bool HttpAnswer::step() {
  const std::string_view rest = std::string_view(buffer_).substr(at_);
  if (stage_ == Stage::to_end || stage_ == Stage::sized || stage_ == Stage::chunk) {
    add_body(stage_ == Stage::to_end ? rest.size() : std::min(rest.size(), left_));
    if (stage_ == Stage::to_end || left_ > 0) return false;
    stage_ = stage_ == Stage::sized ? Stage::done : Stage::chunk_end;
    return true;
  }
  const std::string_view mark = stage_ == Stage::head ? "\r\n\r\n" : "\r\n";
  const size_t end = rest.find(mark);
  if (rest.size() > kMaxHttpHead && (end == std::string_view::npos || end > kMaxHttpHead)) bad("a head that does not end");
  if (end == std::string_view::npos) return false;
  const std::string_view line = rest.substr(0, end);
  at_ += end + mark.size();
  switch (stage_) {
    case Stage::head:
      read_head(line);
      break;
    case Stage::chunk_size:
      left_ = read_number(base::trim(line.substr(0, line.find(';'))), 16);
      stage_ = left_ == 0 ? Stage::trailer : Stage::chunk;
      break;
    case Stage::chunk_end:
      if (!line.empty()) bad("a chunk that is longer than it says");
      stage_ = Stage::chunk_size;
      break;
    default:  // trailer
      trailer_bytes_ += line.size() + mark.size();
      if (trailer_bytes_ > kMaxHttpHead) bad("a head that does not end");
      if (line.empty()) stage_ = Stage::done;
  }
  return true;
}

void HttpAnswer::add_body(size_t bytes) {
  if (body_.size() + bytes > kMaxHttpBody) bad(cat("an answer above the limit of ", kMaxHttpBody, " bytes"));
  body_.append(buffer_, at_, bytes);
  at_ += bytes;
  left_ -= std::min(left_, bytes);
}

void HttpAnswer::read_head(std::string_view head) {
  const size_t first_end = std::min(head.find("\r\n"), head.size());
  const std::string_view status = head.substr(0, first_end);
  const bool is_http = status.starts_with("HTTP/1.") && status.size() >= 12 && status[8] == ' ';
  if (!is_http || std::from_chars(status.data() + 9, status.data() + 12, code_).ptr != status.data() + 12 || code_ < 200) {
    bad(cat("not an HTTP/1.1 answer: ", base::printable(status.substr(0, 60))));
  }
  for (std::string_view rest = head.substr(first_end); !rest.empty();) {
    rest.remove_prefix(2);
    const size_t end = std::min(rest.find("\r\n"), rest.size());
    read_field(rest.substr(0, end));
    rest.remove_prefix(end);
  }
  stage_ = is_chunked_ ? Stage::chunk_size : has_length_ ? Stage::sized : Stage::to_end;
}

void HttpAnswer::read_field(std::string_view line) {
  const size_t colon = std::min(line.find(':'), line.size());
  const std::string name = lower(line.substr(0, colon));
  const std::string_view value = base::trim(line.substr(std::min(colon + 1, line.size())));
  if (name == "transfer-encoding") {
    if (lower(value) != "chunked") bad(cat("the transfer encoding ", base::printable(value.substr(0, 60))));
    is_chunked_ = true;
  } else if (name == "content-length") {
    const size_t length = read_number(value, 10);
    if (has_length_ && length != left_) bad("two lengths");
    left_ = length;
    has_length_ = true;
  } else if (name == "content-encoding" && lower(value) != "identity") {
    bad(cat("the content encoding ", base::printable(value.substr(0, 60))));
  }
}

void HttpAnswer::finish() {
  if (stage_ == Stage::to_end) stage_ = Stage::done;
  if (stage_ != Stage::done) bad("the connection ended before the answer did");
}

}  // namespace lockstep::rewards::plugins
