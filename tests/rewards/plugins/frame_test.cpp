// SPDX-License-Identifier: Apache-2.0
// Frames: what goes in comes out, however the stream is cut; a length above the limit is refused at once.
#include "rewards/plugins/frame.h"

#include <doctest/doctest.h>

#include "base/text.h"
#include "tests/rewards/expect_error.h"

namespace lockstep::rewards::plugins {

TEST_CASE("frame: bodies come back in order for every way to cut the stream") {
  const std::vector<std::string> bodies = {"", "a", std::string("\0\n{", 3), std::string(300, 'x')};
  std::string stream;
  for (const std::string& body : bodies) stream += make_frame(body);
  for (size_t piece = 1; piece <= stream.size(); ++piece) {
    FrameReader reader(300);
    std::vector<std::string> got;
    for (size_t at = 0; at < stream.size(); at += piece) {
      reader.append(std::string_view(stream).substr(at, piece));
      while (auto body = reader.next()) got.push_back(std::move(*body));
    }
    CHECK(got == bodies);
    CHECK(reader.is_empty());
  }
}

TEST_CASE("frame: a length above the limit is an Error before the body is there") {
  FrameReader reader(100);
  reader.append(make_frame(std::string(101, 'x')).substr(0, 4));
  expect_error([&] { reader.next(); }, "a message of 101 bytes, above the limit of 100", "plugin channel", "return shorter");
}

}  // namespace lockstep::rewards::plugins
