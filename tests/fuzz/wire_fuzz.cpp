// SPDX-License-Identifier: Apache-2.0
// Fuzz target: what a plugin's process or server sends: frames with scores, and HTTP answers. The first byte says how the
// stream is cut into pieces, which must not matter.
#include <cmath>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "rewards/plugins/frame.h"
#include "rewards/plugins/http_answer.h"
#include "rewards/plugins/messages.h"
#include "rewards/plugins/output_lines.h"

namespace plugins = lockstep::rewards::plugins;

namespace {

constexpr size_t kMaxFrame = 1 << 16;

void require(bool holds) {
  if (!holds) std::abort();
}

// What came out of a stream before it ended or was refused.
struct Heard {
  std::vector<std::string> texts;
  bool is_refused = false;
  bool operator==(const Heard&) const = default;
};

template <class Listen>
Heard hear(std::string_view stream, size_t piece, const Listen& listen) {
  Heard heard;
  try {
    listen(heard, [&](const auto& take) {
      for (size_t at = 0; at < stream.size(); at += piece) take(stream.substr(at, piece));
    });
  } catch (const lockstep::Error&) {
    heard.is_refused = true;
  }
  return heard;
}

Heard frames(std::string_view stream, size_t piece) {
  return hear(stream, piece, [](Heard& heard, const auto& for_each_piece) {
    plugins::FrameReader reader(kMaxFrame);
    for_each_piece([&](std::string_view bytes) {
      reader.append(bytes);
      while (auto body = reader.next()) heard.texts.push_back(*std::move(body));
    });
  });
}

Heard answer(std::string_view stream, size_t piece) {
  return hear(stream, piece, [](Heard& heard, const auto& for_each_piece) {
    plugins::HttpAnswer reader;
    for_each_piece([&](std::string_view bytes) { reader.append(bytes); });
    if (!reader.is_complete()) reader.finish();
    heard.texts = {std::to_string(reader.code()), reader.body()};
  });
}

void check_scores(std::string_view body) {
  lockstep::base::Json message;
  try {
    message = lockstep::base::parse_json(body, "message");
  } catch (const lockstep::Error&) {
    return;
  }
  const auto scores = plugins::read_scores(message, 3);
  require(scores.size() == 3);
  for (const auto& score : scores) {
    require(score.metrics.size() <= plugins::kMaxMetrics);
    for (const auto& [name, value] : score.metrics) require(name.size() <= plugins::kMaxNameBytes);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const size_t piece = size_t{1} + data[0];
  const std::string_view stream(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Heard whole = frames(stream, stream.size() + 1);
  require(frames(stream, piece) == whole);
  for (const std::string& body : whole.texts) check_scores(body);
  check_scores(stream);
  require(answer(stream, piece).is_refused == answer(stream, stream.size() + 1).is_refused);
  size_t lines = 0;
  plugins::OutputLines output([&](const std::string&) { ++lines; });
  for (size_t at = 0; at < stream.size(); at += piece) output.append(stream.substr(at, piece));
  output.finish();
  require(lines <= size + 1);
  return 0;
}
