// SPDX-License-Identifier: Apache-2.0
// Messages to test with; the structured bindings below fail to compile when a struct gains a member.
#include "tests/rollout/remote/sample_messages.h"

#include <bit>
#include <cstring>

#include "base/crc32c.h"
#include "rollout/remote/frame.h"

namespace lockstep::test {

using std::string_literals::operator""s;
using rollout::Completion;
using rollout::FinishReason;
using rollout::Group;
using rollout::Request;
using rollout::SamplingConfig;
namespace remote = rollout::remote;

namespace {

constexpr uint64_t kMax64 = std::numeric_limits<uint64_t>::max();
constexpr int64_t kMaxInt64 = std::numeric_limits<int64_t>::max();
constexpr int32_t kMaxId = std::numeric_limits<int32_t>::max();

SamplingConfig sampling() {
  return {.temperature = 0.7,
          .top_k = 40,
          .top_p = 0.95,
          .min_p = 0.05,
          .max_completion_length = 77,
          .stop = {"\n\n", "</answer>"}};
}

Request request() {
  return {
      .prompt_id = 12345678901, .prompt = {1, 2, kMaxId, 0}, .num_samples = 8, .stop_ids = {2, 7}, .first_sample = 3};
}

Group group() {
  return {{{.ids = {5, 6, 2},
            .logprobs = {-0.5f, -1e-7f, -12.25f},
            .finish = FinishReason::eos,
            .weight_version = 9,
            .experts = {1, 65535, 3, 4, 5, 6}},
           {.ids = {8}, .logprobs = {-3.0f}, .finish = FinishReason::stop, .weight_version = 10, .experts = {7}}}};
}

std::array<uint8_t, 32> hash() {
  std::array<uint8_t, 32> bytes;
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(255 - i);
  return bytes;
}

// Each NaN with its own bits, infinities, denormals, both zeros.
std::vector<float> odd_floats() {
  std::vector<float> values;
  for (const uint32_t bits : {0x7fc00000u, 0x7f800001u, 0xffffffffu, 0x7f800000u, 0xff800000u, 1u, 0x80000000u, 0u}) {
    values.push_back(std::bit_cast<float>(bits));
  }
  return values;
}

auto members(const SamplingConfig& m) {
  const auto& [a, b, c, d, e, f] = m;
  return std::tie(a, b, c, d, e, f);
}
auto members(const Request& m) {
  const auto& [a, b, c, d, e] = m;
  return std::tie(a, b, c, d, e);
}
auto members(const Completion& m) {
  const auto& [a, b, c, d, e] = m;
  return std::tie(a, b, c, d, e);
}
auto members(const Group& m) {
  const auto& [a] = m;
  return std::tie(a);
}
auto members(const remote::Hello& m) {
  const auto& [a, b, c, d, e] = m;
  return std::tie(a, b, c, d, e);
}
auto members(const remote::WeightsReady& m) {
  const auto& [a] = m;
  return std::tie(a);
}
auto members(const remote::WeightsCredit& m) {
  const auto& [a, b, c] = m;
  return std::tie(a, b, c);
}
auto members(const remote::Result& m) {
  const auto& [a, b, c, d, e, f, g, h, i, j] = m;
  return std::tie(a, b, c, d, e, f, g, h, i, j);
}
auto members(const remote::Failure& m) {
  const auto& [a, b, c] = m;
  return std::tie(a, b, c);
}
auto members(const remote::Welcome& m) {
  const auto& [a, b, c, d, e, f, g] = m;
  return std::tie(a, b, c, d, e, f, g);
}
auto members(const remote::Refusal& m) {
  const auto& [a, b] = m;
  return std::tie(a, b);
}
auto members(const remote::WeightsBegin& m) {
  const auto& [a, b, c, d, e, f] = m;
  return std::tie(a, b, c, d, e, f);
}
auto members(const remote::WeightsChunk& m) {
  const auto& [a, b, c] = m;
  return std::tie(a, b, c);
}
auto members(const remote::Work& m) {
  const auto& [a, b, c, d, e, f, g] = m;
  return std::tie(a, b, c, d, e, f, g);
}
auto members(const remote::ResultAck& m) {
  const auto& [a, b] = m;
  return std::tie(a, b);
}
auto members(const remote::Rejoin&) { return std::tuple<>(); }
auto members(const remote::Heartbeat&) { return std::tuple<>(); }
auto members(const remote::Goodbye& m) {
  const auto& [a] = m;
  return std::tie(a);
}

template <class T>
bool same(const T& a, const T& b);
template <class T>
bool same(const std::vector<T>& a, const std::vector<T>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (!same(a[i], b[i])) return false;
  }
  return true;
}

template <class Tuple, size_t... I>
bool same_all(const Tuple& a, const Tuple& b, std::index_sequence<I...>) {
  return (same(std::get<I>(a), std::get<I>(b)) && ...);
}

template <class T>
bool same(const T& a, const T& b) {
  if constexpr (requires { members(a); }) {
    return same_all(members(a), members(b), std::make_index_sequence<std::tuple_size_v<decltype(members(a))>>());
  } else if constexpr (std::is_trivially_copyable_v<T>) {
    return std::memcmp(&a, &b, sizeof(T)) == 0;  // bits: NaNs are equal to themselves
  } else {
    return a == b;
  }
}

template <class T>
bool has_default(const T& value) {
  if constexpr (requires { members(value); }) {
    const auto is_default = [](const auto& member) {
      return same(member, std::remove_cvref_t<decltype(member)>()) || has_default(member);
    };
    return std::apply([&](const auto&... member) { return (is_default(member) || ...); }, members(value));
  }
  return false;
}

}  // namespace

std::vector<remote::Envelope> sample_messages() {
  std::vector<remote::Message> messages = {
      remote::Hello{kMax64 - 5, "worker 3", "0.1.0 abcdef", "avx512bf16", 16},
      remote::WeightsReady{41},
      remote::WeightsCredit{42, 1 << 20, true},
      remote::Result{3, 17, group(), 100, 2, 4096, 90, 40, 30, {{5, 6}, {7, 8}}},
      remote::Failure{"no room", "weights", "use a larger machine"},
      remote::Welcome{"run", "{\"a\": 1}", "bfloat16", "{\"b\": 2}", {"a", "\xff\0b"s, "ccc"}, 1000, 10000},
      remote::Refusal{"another build", "install the same"},
      remote::WeightsBegin{43, uint64_t{3} << 40, hash(), "shared/weights", true, hash()},
      remote::WeightsChunk{43, 4096, std::string(100, '\x80') + '\0'},
      remote::Work{3, 17, 43, kMax64, sampling(), request(), true},
      remote::ResultAck{3, 17},
      remote::Rejoin{},
      remote::Heartbeat{},
      remote::Goodbye{"stopped by a signal"}};
  std::vector<remote::Envelope> envelopes;
  for (remote::Message& message : messages) envelopes.push_back({{7, envelopes.size() + 1}, std::move(message)});
  return envelopes;
}

std::vector<remote::Envelope> extreme_messages() {
  const remote::Stamp last{kMax64, kMax64};
  const std::vector<float> floats = odd_floats();
  const Completion odd{std::vector<rollout::TokenId>(floats.size(), kMaxId), floats, FinishReason::aborted, kMax64, {}};
  const SamplingConfig least{
      .temperature = -0.0, .top_k = 0, .top_p = 0.0, .min_p = 0.0, .max_completion_length = 1, .stop = {}};
  const SamplingConfig most{.temperature = std::numeric_limits<double>::max(),
                            .top_k = kMaxInt64,
                            .top_p = 1.0,
                            .min_p = 1.0,
                            .max_completion_length = kMaxInt64,
                            .stop = std::vector<std::string>(remote::kMaxStops, "")};
  const Request largest{kMax64, {0}, remote::kMaxSamples, {}, remote::kMaxSamples};
  return {
      {last, remote::Hello{0, "", "", "", 1 << 20}},
      {{}, remote::Hello{kMax64, std::string(remote::kMaxNameBytes, 'n'), "", "", 0}},
      {last, remote::WeightsCredit{kMax64, remote::kMaxStreamBytes, false}},
      {last, remote::Result{kMax64, kMax64, {{odd, {}, odd}}, kMaxInt64, kMaxInt64, kMaxInt64, kMaxInt64, kMaxInt64, kMaxInt64, {{}, {kMaxInt64}}}},
      {{}, remote::Result{}},
      {{},
       remote::Welcome{"", "", "", "", std::vector<std::string>(1000, ""), 0, std::numeric_limits<uint32_t>::max()}},
      {{}, remote::WeightsBegin{kMax64, remote::kMaxStreamBytes, {}, "", false, {}}},
      {{}, remote::WeightsChunk{0, remote::kMaxStreamBytes, ""}},
      {last, remote::Work{0, 0, 0, 0, least, {0, {kMaxId}, 1, {}, 0}, false}},
      {last, remote::Work{kMax64, kMax64, kMax64, kMax64, most, largest, true}},
      {{}, remote::Goodbye{std::string(remote::kMaxTextBytes, '\n')}}};
}

bool are_same(const remote::Message& a, const remote::Message& b) {
  if (a.index() != b.index()) return false;
  return std::visit([&](const auto& m) { return same(m, std::get<std::remove_cvref_t<decltype(m)>>(b)); }, a);
}

bool has_default_member(const remote::Message& message) {
  return std::visit([](const auto& m) { return has_default(m); }, message);
}

void seal(std::string& frame) {
  const uint64_t payload_bytes = frame.size() - remote::kFrameHeaderBytes;
  std::memcpy(frame.data() + 8, &payload_bytes, sizeof payload_bytes);
  const std::string_view bytes = frame;
  const uint32_t checksum = base::crc32c(bytes.substr(remote::kFrameHeaderBytes), base::crc32c(bytes.substr(0, 16)));
  std::memcpy(frame.data() + 16, &checksum, sizeof checksum);
}

}  // namespace lockstep::test
