// SPDX-License-Identifier: Apache-2.0
// What trainer and workers say to each other. Fixed fields, no self-describing objects: see frame.h for the bytes.
//
// A worker opens a session with Hello. Every message carries the session and its own number in it, from 0 on each side, so
// that a message which was lost, repeated or left over is noticed by the next one: then the worker opens a new session.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "rollout/engine.h"

namespace lockstep::rollout::remote {

inline constexpr uint16_t kProtocolVersion = 2;

// What stands before every message. The session is the worker's count of its Hellos, from 1.
struct Stamp {
  uint64_t session = 0, number = 0;
};

// --- worker to trainer ---

// The first message of a session.
struct Hello {
  uint64_t instance = 0;  // drawn at random by the worker's process: a worker that comes back replaces what it was
  std::string name;       // for the log
  std::string build;      // version and commit
  std::string isa;        // of its kernels
  int32_t threads = 0;
};
// The worker has this version's weights, whole and with the right checksum.
struct WeightsReady {
  uint64_t version = 0;
};
// The bytes below `offset` have been written: the trainer may send a window beyond it. None flow before a credit of 0, which
// says that the worker's engine is idle, and whether it wants all bytes or only what has changed since `base`; a worker that
// has these weights already answers WeightsReady at once.
struct WeightsCredit {
  uint64_t version = 0, offset = 0;
  bool wants_changes = false;  // in the credit of 0
};
// A finished unit of work. Sent again until it is acknowledged. The counts are of the whole batch that the worker ran, on the
// last result of it; 0 on the others.
struct Result {
  uint64_t call = 0, unit = 0;
  Group group;
  int64_t decode_steps = 0, preempted = 0, peak_cache_rows = 0;
  int64_t draws = 0, draft_tokens = 0, accepted_tokens = 0;
  std::vector<std::vector<int64_t>> expert_load = {};  // per mixture layer
};
// The worker cannot go on: why. It leaves after that.
struct Failure {
  std::string what, where, fix;
};

// --- trainer to worker ---

// Everything but the weights that an engine is made of.
struct Welcome {
  std::string run;                  // name of the run, for the log
  std::string model_config;         // config.json of the model, JSON text
  std::string dtype;                // "float32" | "bfloat16"
  std::string engine_config;        // JSON text of rollout::EngineConfig
  std::vector<std::string> pieces;  // bytes of each token id; empty: stop strings cannot be asked for
  uint32_t heartbeat_ms = 0, timeout_ms = 0;
};
// The trainer will have nothing to do with this worker. The worker ends with this as its Error.
struct Refusal {
  std::string what, fix;
};
// Weights of `version` follow: the tensors' bytes one after the other as one stream of `num_bytes`. `folder` not empty: they
// lie in that folder as one file `version.weights` instead and no chunks follow. sha256 is the Digest of weights.h. A worker
// that has the weights with the digest `base` may ask for the changes since.
struct WeightsBegin {
  uint64_t version = 0, num_bytes = 0;
  std::array<uint8_t, 32> sha256{};
  std::string folder;
  bool has_changes = false;
  std::array<uint8_t, 32> base{};  // 0 without
};
// From `offset` of the stream on: its bytes, or its changes as changes.h says.
struct WeightsChunk {
  uint64_t version = 0, offset = 0;
  std::string bytes;
};
// The call of the parity probe. Calls of generate have numbers that no other trainer uses.
inline constexpr uint64_t kProbeCall = 0;
// Draw these completions with the weights of `version`. Another call or version makes earlier work void. A worker runs what
// it has received up to a `last_of_batch` in one generate.
struct Work {
  uint64_t call = 0, unit = 0, version = 0, seed = 0;
  SamplingConfig sampling;
  Request request;
  bool last_of_batch = false;
};
struct ResultAck {
  uint64_t call = 0, unit = 0;
};
// The trainer does not know the session of this stamp, or missed a message of it: open a new one.
struct Rejoin {};

// --- both ways ---

struct Heartbeat {};
// The sender leaves on purpose; nothing more will come from it.
struct Goodbye {
  std::string reason;
};

using Message = std::variant<Hello,
                             WeightsReady,
                             WeightsCredit,
                             Result,
                             Failure,
                             Welcome,
                             Refusal,
                             WeightsBegin,
                             WeightsChunk,
                             Work,
                             ResultAck,
                             Rejoin,
                             Heartbeat,
                             Goodbye>;

struct Envelope {
  Stamp stamp;
  Message message;
};

}  // namespace lockstep::rollout::remote
