// SPDX-License-Identifier: Apache-2.0
// Reading an HTTP/1.1 answer from pieces of a stream, with limits.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lockstep::rewards::plugins {

class HttpAnswer {
 public:
  // Takes in the next bytes. Error when they are no answer, or above the limits of http_post.h.
  void append(std::string_view bytes);
  // The connection has ended: completes an answer without a length. Error when it was cut off.
  void finish();

  bool is_complete() const { return stage_ == Stage::done; }
  int code() const { return code_; }
  std::string& body() { return body_; }

 private:
  enum class Stage { head, sized, to_end, chunk_size, chunk, chunk_end, trailer, done };
  bool step();
  void read_head(std::string_view head);
  void read_field(std::string_view line);
  void add_body(size_t bytes);

  Stage stage_ = Stage::head;
  std::string buffer_;
  size_t at_ = 0;    // of the buffer: what stands before is done with
  size_t left_ = 0;  // of the body or the chunk
  size_t trailer_bytes_ = 0;
  bool is_chunked_ = false, has_length_ = false;
  int code_ = 0;
  std::string body_;
};

}  // namespace lockstep::rewards::plugins
