// SPDX-License-Identifier: Apache-2.0
// Groups, scores and counters as bytes, and back.
#include "rl/rollout_exchange.h"

#include <algorithm>
#include <limits>

#include "base/bytes.h"
#include "base/error.h"

namespace lockstep::rl {
namespace {

using base::ByteReader;
using base::ByteWriter;

constexpr size_t kAny = std::numeric_limits<uint32_t>::max();

// Writer and reader share one list of fields each, so that they cannot disagree: `io` is one of the two below.
struct Writer {
  ByteWriter bytes;
  template <class T>
  void number(const T& value) { bytes.number(value); }
  void flag(const bool& value) { bytes.number(static_cast<uint8_t>(value)); }
  template <class Enum>
  void choice(const Enum& value) { bytes.number(static_cast<uint8_t>(value)); }
  void text(const std::string& value) { bytes.text(value); }
  template <class T>
  void numbers(const std::vector<T>& values) { bytes.numbers(values); }
  size_t count(size_t size) {
    bytes.count(size);
    return size;
  }
};

struct Reader {
  ByteReader bytes;
  template <class T>
  void number(T& value) { value = bytes.number<T>(); }
  void flag(bool& value) { value = bytes.number<uint8_t>() != 0; }
  template <class Enum>
  void choice(Enum& value) { value = static_cast<Enum>(bytes.number<uint8_t>()); }
  void text(std::string& value) { value = bytes.text(kAny); }
  template <class T>
  void numbers(std::vector<T>& values) { values = bytes.numbers<T>(kAny); }
  size_t count(size_t) { return bytes.count(kAny, 1); }
};

template <class Element>
void list(Writer& io, const std::vector<Element>& values, const auto& each) {
  io.count(values.size());
  for (const auto& value : values) each(io, value);
}
template <class Element>
void list(Reader& io, std::vector<Element>& values, const auto& each) {
  values.resize(io.count(0));
  for (auto& value : values) each(io, value);
}

template <class Value>
void map(Writer& io, const std::map<std::string, Value>& values, const auto& each) {
  io.count(values.size());
  for (const auto& [name, value] : values) io.text(name), each(io, value);
}
template <class Value>
void map(Reader& io, std::map<std::string, Value>& values, const auto& each) {
  for (size_t left = io.count(0); left > 0; --left) {
    std::string name;
    io.text(name);
    each(io, values[name]);
  }
}

constexpr auto kNumber = [](auto& io, auto& value) { io.number(value); };
constexpr auto kText = [](auto& io, auto& value) { io.text(value); };

constexpr auto kCompletion = [](auto& io, auto& c) {
  io.numbers(c.ids);
  io.numbers(c.logprobs);
  io.choice(c.finish);
  io.number(c.weight_version);
  io.numbers(c.experts);
};

constexpr auto kScore = [](auto& io, auto& s) {
  io.choice(s.status);
  io.number(s.value);
  io.text(s.detail);
  io.text(s.answer);
  map(io, s.metrics, kNumber);
  map(io, s.extras, kText);
};

constexpr auto kSample = [](auto& io, auto& s) {
  io.text(s.text);
  io.choice(s.reward.status);
  io.number(s.reward.value);
  list(io, s.reward.parts, kScore);
  io.flag(s.has_reflection);
  io.flag(s.is_terminated);
};

constexpr auto kNumbers = [](auto& io, auto& values) { io.numbers(values); };

constexpr auto kStats = [](auto& io, auto& s) {
  io.number(s.prompt_tokens);
  io.number(s.new_tokens);
  io.number(s.decode_steps);
  io.number(s.preempted);
  io.number(s.peak_cache_rows);
  io.number(s.draws);
  io.number(s.draft_tokens);
  io.number(s.accepted_tokens);
  list(io, s.expert_load, kNumbers);
  io.number(s.seconds);
};

std::string pack_own(const Draws& draws, const Rollout& rollout) {
  Writer io;
  kStats(io, rollout.stats);
  for (size_t i = 0; i < rollout.groups.size(); ++i) {
    if (!draws.is_mine(i)) continue;
    list(io, rollout.groups[i].completions, kCompletion);
    list(io, rollout.scores[i].samples, kSample);
  }
  return io.bytes.take();
}

void add_stats(rollout::EngineStats& sum, const rollout::EngineStats& other) {
  const double seconds = std::max(sum.seconds, other.seconds);
  sum.add(other);
  sum.seconds = seconds;
}

void unpack(const Draws& draws, int rank, const std::string& bytes, Rollout& rollout) {
  Reader io{ByteReader(bytes)};
  rollout::EngineStats stats;
  kStats(io, stats);
  add_stats(rollout.stats, stats);
  for (size_t i = 0; i < rollout.groups.size(); ++i) {
    if (draws.owner(i) != rank) continue;
    list(io, rollout.groups[i].completions, kCompletion);
    list(io, rollout.scores[i].samples, kSample);
  }
  LOCKSTEP_CHECK(io.bytes.is_whole(), "ranks of the same build and config send the same fields");
}

}  // namespace

int Draws::owner(size_t group) const {
  if (!world || is_first_only) return 0;
  return static_cast<int>(group % static_cast<size_t>(world->size()));
}

bool Draws::is_mine(size_t group) const { return !world || owner(group) == world->rank(); }

void exchange(const Draws& draws, Rollout& rollout) {
  if (!draws.world || draws.world->is_alone()) return;
  const auto all = draws.world->all_gather(pack_own(draws, rollout), "completions and their scores");
  const auto own = std::exchange(rollout.stats, {});
  for (int r = 0; r < draws.world->size(); ++r) {
    if (r == draws.world->rank())
      add_stats(rollout.stats, own);
    else
      unpack(draws, r, all[static_cast<size_t>(r)], rollout);
  }
}

}  // namespace lockstep::rl
