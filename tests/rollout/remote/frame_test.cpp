// SPDX-License-Identifier: Apache-2.0
// Frames: every message comes back with its bits, and nothing that was damaged, cut or made up becomes a message.
#include "rollout/remote/frame.h"

#include <doctest/doctest.h>

#include <cstring>
#include <limits>
#include <set>

#include "base/rng.h"
#include "base/text.h"
#include "tests/rollout/remote/sample_messages.h"
#include "tests/support/errors.h"

namespace lockstep::rollout::remote {
namespace {

using test::check_error;
using test::seal;

std::vector<Envelope> all_messages() {
  std::vector<Envelope> all = test::sample_messages();
  for (Envelope& envelope : test::extreme_messages()) all.push_back(std::move(envelope));
  return all;
}

const BadFrame* bad(const std::variant<Envelope, BadFrame>& decoded) { return std::get_if<BadFrame>(&decoded); }

std::string reason_of(std::string_view frame) {
  const auto decoded = decode(frame);
  return bad(decoded) == nullptr ? "a message" : bad(decoded)->reason;
}

// What is accepted has one form only; everything else is refused as garbage.
void check_refused_or_canonical(const std::string& frame) {
  const auto decoded = decode(frame);
  if (const auto* envelope = std::get_if<Envelope>(&decoded)) {
    CHECK(encode(*envelope) == frame);
  } else {
    CHECK_FALSE(bad(decoded)->reason.empty());
  }
}

void put(std::string& bytes, size_t at, auto value) { std::memcpy(bytes.data() + at, &value, sizeof value); }

TEST_CASE("frame: the samples cover every type and no member of them is at its default") {
  const std::vector<Envelope> samples = test::sample_messages();
  REQUIRE(samples.size() == std::variant_size_v<Message>);
  std::set<std::string> names;
  for (size_t i = 0; i < samples.size(); ++i) {
    CHECK(samples[i].message.index() == i);
    CHECK_FALSE(test::has_default_member(samples[i].message));
    names.insert(message_name(samples[i].message));
  }
  CHECK(names.size() == samples.size());
  CHECK(message_name(Heartbeat{}) == std::string("Heartbeat"));
  CHECK(message_name(Goodbye{}) == std::string("Goodbye"));
}

TEST_CASE("frame: every message comes back with every bit of every member") {
  for (const Envelope& envelope : all_messages()) {
    CAPTURE(message_name(envelope.message));
    const std::string frame = encode(envelope);
    const auto decoded = decode(frame);
    REQUIRE(std::holds_alternative<Envelope>(decoded));
    const Envelope& back = std::get<Envelope>(decoded);
    CHECK(back.stamp.session == envelope.stamp.session);
    CHECK(back.stamp.number == envelope.stamp.number);
    CHECK(test::are_same(back.message, envelope.message));
    CHECK(encode(back) == frame);
  }
}

TEST_CASE("frame: the header is what its description says") {
  const std::string frame = encode({{1, 2}, Heartbeat{}});
  const std::string header("LSRW\2\0\15\0\20\0\0\0\0\0\0\0", 16);
  REQUIRE(frame.size() == kFrameHeaderBytes + 16);
  CHECK(frame.substr(0, 16) == header);
  CHECK(frame.substr(kFrameHeaderBytes) == std::string("\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0", 16));
}

TEST_CASE("frame: every flip of a byte or of a bit is refused") {
  for (const Envelope& envelope : test::sample_messages()) {
    CAPTURE(message_name(envelope.message));
    std::string frame = encode(envelope);
    size_t accepted = 0;
    for (char& c : frame) {
      const char before = c;
      for (const int flip : {1, 2, 4, 8, 16, 32, 64, 128, 255}) {
        c = static_cast<char>(before ^ flip);
        accepted += bad(decode(frame)) == nullptr;
      }
      c = before;
    }
    CHECK(accepted == 0);
  }
}

TEST_CASE("frame: every truncation is refused, also with length and checksum made right, and so is every extension") {
  for (const Envelope& envelope : all_messages()) {
    CAPTURE(message_name(envelope.message));
    const std::string frame = encode(envelope);
    size_t accepted = 0;
    const size_t step = 1 + frame.size() / 3000;  // the long ones: some
    for (size_t size = 0; size < frame.size(); size += step) {
      std::string cut = frame.substr(0, size);
      accepted += bad(decode(cut)) == nullptr;
      if (size < kFrameHeaderBytes) continue;
      seal(cut);
      accepted += bad(decode(cut)) == nullptr;
    }
    CHECK(accepted == 0);
    std::string longer = frame + '\0';
    CHECK(reason_of(longer) == "length differs");
    seal(longer);
    CHECK(reason_of(longer) == cat(message_name(envelope.message), ": bytes behind the last field"));
  }
}

TEST_CASE("frame: another version is told from garbage, whatever the rest holds") {
  std::string frame = encode({{}, Heartbeat{}});
  put(frame, 4, uint16_t{kProtocolVersion + 1});
  for (const size_t size : {frame.size(), kFrameHeaderBytes}) {
    const auto decoded = decode(std::string_view(frame).substr(0, size));
    REQUIRE(bad(decoded) != nullptr);
    CHECK(bad(decoded)->is_other_protocol);
    CHECK(bad(decoded)->reason == "protocol 3, here 2: run the same build on both sides");
  }
  frame[0] = 'X';
  CHECK_FALSE(bad(decode(frame))->is_other_protocol);
  CHECK(reason_of(frame) == "no Lockstep frame");
  CHECK(reason_of("") == "shorter than a header");
}

TEST_CASE("frame: unknown types are refused") {
  for (const int type : {0, static_cast<int>(std::variant_size_v<Message>) + 1, 65535}) {
    std::string frame = encode({{}, Heartbeat{}});
    put(frame, 6, static_cast<uint16_t>(type));
    seal(frame);
    CHECK(reason_of(frame) == "message: type");
  }
}

// Every four bytes of the payload in turn are read as a count at some time: they claim too much, or a little too much.
TEST_CASE("frame: counts that lie are refused or make another message in its one form") {
  for (const Envelope& envelope : test::sample_messages()) {
    CAPTURE(message_name(envelope.message));
    const std::string frame = encode(envelope);
    for (size_t at = kFrameHeaderBytes; at + 4 <= frame.size(); ++at) {
      uint32_t old = 0;
      std::memcpy(&old, frame.data() + at, sizeof old);
      for (const uint32_t count : {0xffffffffu, 0x7fffffffu, 0x80000000u, 1u << 24, 0u, old + 1, old - 1}) {
        std::string lie = frame;
        put(lie, at, count);
        seal(lie);
        check_refused_or_canonical(lie);
      }
    }
  }
  std::string huge =
      encode({{}, Result{}});  // no completions, so the count is known to stand behind stamp, call and unit
  put(huge, kFrameHeaderBytes + 32, uint32_t{kMaxSamples});
  seal(huge);
  CHECK(reason_of(huge) == "Result: completions");
}

TEST_CASE("frame: a value beyond its limit is neither sent nor accepted, and the field is named") {
  Work work{.request = {.prompt = {1}}};
  const auto refuse = [&](auto& member, auto wrong, const std::string& field) {
    CAPTURE(field);
    const auto right = member;
    member = wrong;
    check_error(
        [&] {
          encode({{}, work});
        },
        cat("cannot be sent: ", field, " is out of its range"), "message to a peer",
        "within the limits of rollout/remote/frame.h");
    member = right;
  };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  refuse(work.request.num_samples, 0, "num_samples");
  refuse(work.request.num_samples, kMaxSamples + 1, "num_samples");
  refuse(work.request.first_sample, -1, "first_sample");
  refuse(work.request.prompt, std::vector<TokenId>(), "prompt");
  refuse(work.request.prompt, std::vector<TokenId>{1, -1}, "prompt");
  refuse(work.request.stop_ids, std::vector<TokenId>(kMaxStops + 1), "stop_ids");
  refuse(work.sampling.temperature, nan, "temperature");
  refuse(work.sampling.temperature, std::numeric_limits<double>::infinity(), "temperature");
  refuse(work.sampling.top_k, int64_t{-1}, "top_k");
  refuse(work.sampling.top_p, 1.5, "top_p");
  refuse(work.sampling.min_p, nan, "min_p");
  refuse(work.sampling.max_completion_length, int64_t{0}, "max_completion_length");
  refuse(work.sampling.stop, std::vector<std::string>{std::string(kMaxTextBytes + 1, 'x')}, "stop");
  check_error(
      [] {
        encode({{}, WeightsBegin{.folder = std::string("a\0b", 3)}});
      },
      "folder is out of its range", "", "");
  check_error([] { encode({{}, Result{.group = {{{.ids = {1}, .logprobs = {}}}}}}); }, "logprobs is out", "", "");
  const Completion odd_experts{.ids = {1, 2}, .logprobs = {0, 0}, .experts = {1, 2, 3}};
  check_error([&] { encode({{}, Result{.group = {{odd_experts}}}}); }, "experts is out of its range", "", "");
  check_error([] { encode({{}, WeightsCredit{.offset = kMaxStreamBytes + 1}}); }, "offset is out of its range", "", "");

  // The same on the way in: behind num_samples stand an empty list of stop ids, first_sample and the flag.
  std::string frame = encode({{}, work});
  const size_t num_samples_at = frame.size() - 1 - 4 - 4 - 4;
  for (const int wrong : {0, -1, kMaxSamples + 1}) {
    put(frame, num_samples_at, wrong);
    seal(frame);
    CHECK(reason_of(frame) == "Work: num_samples");
  }
  put(frame, num_samples_at, kMaxSamples);
  frame.back() = 2;  // a flag
  seal(frame);
  CHECK(reason_of(frame) == "Work: last_of_batch");
  frame.back() = 1;
  seal(frame);
  CHECK(reason_of(frame) == "a message");
}

TEST_CASE("frame: texts for people are cut to what the other side takes") {
  const auto decoded = decode(encode({{}, Failure{std::string(kMaxTextBytes + 1, 'x'), "where", "fix"}}));
  REQUIRE(std::holds_alternative<Envelope>(decoded));
  const auto& failure = std::get<Failure>(std::get<Envelope>(decoded).message);
  CHECK(failure.what == std::string(kMaxTextBytes, 'x'));
  CHECK(failure.where == "where");
}

TEST_CASE(
    "frame: 100,000 random byte strings are refused, and with a right header they become nothing that is not "
    "canonical") {
  base::Random random(1, "frames");
  size_t accepted = 0;
  for (int i = 0; i < 100000; ++i) {
    std::string bytes(random.below(200), '\0');
    for (char& c : bytes) c = static_cast<char>(random.bits());
    accepted += bad(decode(bytes)) == nullptr;
    if (bytes.size() < kFrameHeaderBytes) continue;
    bytes.replace(0, 4, "LSRW");
    put(bytes, 4, kProtocolVersion);
    put(bytes, 6, static_cast<uint16_t>(random.below(std::variant_size_v<Message> + 2)));
    seal(bytes);
    check_refused_or_canonical(bytes);
  }
  CHECK(accepted == 0);
}

TEST_CASE("frame: mutated traffic with right checksums is refused or canonical") {
  base::Random random(2, "frames");
  std::vector<std::string> traffic;
  for (const Envelope& envelope : all_messages()) traffic.push_back(encode(envelope));
  for (int i = 0; i < 20000; ++i) {
    std::string frame = traffic[random.below(traffic.size())];
    if (frame.size() > 4096) continue;
    for (uint64_t left = 1 + random.below(4); left > 0; --left) {
      const size_t at = kFrameHeaderBytes + random.below(frame.size() - kFrameHeaderBytes);
      const std::string& other = traffic[random.below(traffic.size())];
      switch (random.below(4)) {
        case 0:
          frame[at] = static_cast<char>(random.bits());
          break;
        case 1:
          frame.erase(at, random.below(9));
          break;
        case 2:
          frame.insert(at, other.substr(0, random.below(40)));
          break;
        default:
          frame.replace(at, random.below(20), other.substr(random.below(other.size()), random.below(20)));
      }
      if (frame.size() <= kFrameHeaderBytes) frame.resize(kFrameHeaderBytes + 1);
    }
    seal(frame);
    check_refused_or_canonical(frame);
  }
}

}  // namespace
}  // namespace lockstep::rollout::remote
