// SPDX-License-Identifier: Apache-2.0
// The fields of every message, in the order in which they travel, each with its limits.
#include "rollout/remote/message_bytes.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "rollout/remote/fields.h"
#include "rollout/remote/frame.h"

namespace lockstep::rollout::remote {
namespace {

constexpr double kMaxDouble = std::numeric_limits<double>::max();
constexpr int64_t kMaxInt64 = std::numeric_limits<int64_t>::max();

// A parameter of type T: const for the writer.
template <class Io, class T>
using Ref = typename Io::template Ref<T>;

bool are_token_ids(const std::vector<TokenId>& ids) {
  return std::all_of(ids.begin(), ids.end(), [](TokenId id) { return id >= 0; });
}

template <class Io>
void fields(Io& io, Ref<Io, SamplingConfig> m) {
  io.number("temperature", m.temperature, 0.0, kMaxDouble);
  io.number("top_k", m.top_k, int64_t{0}, kMaxInt64);
  io.number("top_p", m.top_p, 0.0, 1.0);
  io.number("min_p", m.min_p, 0.0, 1.0);
  io.number("max_completion_length", m.max_completion_length, int64_t{1}, kMaxInt64);
  io.list("stop", m.stop, kMaxStops, 4, [&](auto& stop) { io.text("stop", stop, kMaxTextBytes); });
}

template <class Io>
void fields(Io& io, Ref<Io, Request> m) {
  io.number("prompt_id", m.prompt_id);
  io.numbers("prompt", m.prompt, 1, kMaxTokens);
  io.check("prompt", are_token_ids(m.prompt));
  io.number("num_samples", m.num_samples, 1, kMaxSamples);
  io.numbers("stop_ids", m.stop_ids, 0, kMaxStops);
  io.check("stop_ids", are_token_ids(m.stop_ids));
  io.number("first_sample", m.first_sample, 0, kMaxSamples);
}

template <class Io>
void fields(Io& io, Ref<Io, Completion> m) {
  io.number("weight_version", m.weight_version);
  io.choice("finish", m.finish, FinishReason::aborted);
  io.numbers("ids", m.ids, 0, kMaxTokens);
  io.check("ids", are_token_ids(m.ids));
  io.numbers("logprobs", m.logprobs, m.ids.size(), m.ids.size());
  io.numbers("experts", m.experts, 0, kMaxTokens * kMaxExpertsPerToken);
  io.check("experts", m.ids.empty() ? m.experts.empty() : m.experts.size() % m.ids.size() == 0);
}
constexpr size_t kMinCompletionBytes = 8 + 1 + 4 + 4 + 4;

template <class Io>
void fields(Io& io, Ref<Io, Hello> m) {
  io.number("instance", m.instance);
  io.note("name", m.name, kMaxNameBytes);
  io.note("build", m.build, kMaxNameBytes);
  io.note("isa", m.isa, kMaxNameBytes);
  io.number("threads", m.threads, 0, 1 << 20);
}

template <class Io>
void fields(Io& io, Ref<Io, WeightsReady> m) {
  io.number("version", m.version);
}

template <class Io>
void fields(Io& io, Ref<Io, WeightsCredit> m) {
  io.number("version", m.version);
  io.number("offset", m.offset, uint64_t{0}, kMaxStreamBytes);
  io.flag("wants_changes", m.wants_changes);
}

template <class Io>
void fields(Io& io, Ref<Io, Result> m) {
  io.number("call", m.call);
  io.number("unit", m.unit);
  io.list("completions", m.group.completions, kMaxSamples, kMinCompletionBytes,
          [&](auto& completion) { fields(io, completion); });
  io.number("decode_steps", m.decode_steps, int64_t{0}, kMaxInt64);
  io.number("preempted", m.preempted, int64_t{0}, kMaxInt64);
  io.number("peak_cache_rows", m.peak_cache_rows, int64_t{0}, kMaxInt64);
  io.number("draws", m.draws, int64_t{0}, kMaxInt64);
  io.number("draft_tokens", m.draft_tokens, int64_t{0}, kMaxInt64);
  io.number("accepted_tokens", m.accepted_tokens, int64_t{0}, kMaxInt64);
  io.list("expert_load", m.expert_load, kMaxExpertsPerToken, 4,
          [&](auto& layer) { io.numbers("expert_load", layer, 0, kMaxExperts); });
}

template <class Io>
void fields(Io& io, Ref<Io, Failure> m) {
  io.note("what", m.what, kMaxTextBytes);
  io.note("where", m.where, kMaxTextBytes);
  io.note("fix", m.fix, kMaxTextBytes);
}

template <class Io>
void fields(Io& io, Ref<Io, Welcome> m) {
  io.note("run", m.run, kMaxNameBytes);
  io.text("model_config", m.model_config, kMaxJsonBytes);
  io.text("dtype", m.dtype, kMaxNameBytes);
  io.text("engine_config", m.engine_config, kMaxJsonBytes);
  io.list("pieces", m.pieces, kMaxPieces, 4, [&](auto& piece) { io.text("pieces", piece, kMaxPieceBytes); });
  io.number("heartbeat_ms", m.heartbeat_ms);
  io.number("timeout_ms", m.timeout_ms);
}

template <class Io>
void fields(Io& io, Ref<Io, Refusal> m) {
  io.note("what", m.what, kMaxTextBytes);
  io.note("fix", m.fix, kMaxTextBytes);
}

template <class Io>
void fields(Io& io, Ref<Io, WeightsBegin> m) {
  io.number("version", m.version);
  io.number("num_bytes", m.num_bytes, uint64_t{0}, kMaxStreamBytes);
  io.array("sha256", m.sha256);
  io.text("folder", m.folder, kMaxPathBytes);
  io.check("folder", m.folder.find('\0') == std::string::npos);
  io.flag("has_changes", m.has_changes);
  io.array("base", m.base);
}

template <class Io>
void fields(Io& io, Ref<Io, WeightsChunk> m) {
  io.number("version", m.version);
  io.number("offset", m.offset, uint64_t{0}, kMaxStreamBytes);
  io.text("bytes", m.bytes, std::numeric_limits<uint32_t>::max());
}

template <class Io>
void fields(Io& io, Ref<Io, Work> m) {
  io.number("call", m.call);
  io.number("unit", m.unit);
  io.number("version", m.version);
  io.number("seed", m.seed);
  fields(io, m.sampling);
  fields(io, m.request);
  io.flag("last_of_batch", m.last_of_batch);
}

template <class Io>
void fields(Io& io, Ref<Io, ResultAck> m) {
  io.number("call", m.call);
  io.number("unit", m.unit);
}

template <class Io>
void fields(Io&, Ref<Io, Rejoin>) {}

template <class Io>
void fields(Io&, Ref<Io, Heartbeat>) {}

template <class Io>
void fields(Io& io, Ref<Io, Goodbye> m) {
  io.note("reason", m.reason, kMaxTextBytes);
}

using Read = void(FieldReader& reader, Message& message);

template <size_t I>
void read_as(FieldReader& reader, Message& message) {
  fields(reader, message.emplace<I>());
}

template <size_t... I>
constexpr std::array<Read*, sizeof...(I)> readers(std::index_sequence<I...>) {
  return {read_as<I>...};
}

}  // namespace

void write_message(ByteWriter& writer, const Message& message) {
  FieldWriter io(writer);
  std::visit([&](const auto& m) { fields(io, m); }, message);
}

std::optional<Message> read_message(ByteReader& reader, size_t index, const char** bad_field) {
  static constexpr auto kReaders = readers(std::make_index_sequence<std::variant_size_v<Message>>());
  *bad_field = "type";
  if (index >= kReaders.size()) return std::nullopt;
  FieldReader io(reader);
  Message message;
  kReaders[index](io, message);
  *bad_field = io.bad_field() != nullptr ? io.bad_field() : "bytes behind the last field";
  if (!reader.is_whole()) return std::nullopt;
  return message;
}

}  // namespace lockstep::rollout::remote
