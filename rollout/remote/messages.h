// SPDX-License-Identifier: Apache-2.0
// What trainer and workers say to each other. Fixed fields, no self-describing objects: see frame.h for the bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "rollout/engine.h"

namespace lockstep::rollout::remote {

inline constexpr uint16_t kProtocolVersion = 1;

// --- worker to trainer ---

// The first message of a worker; also its first after the trainer fell silent.
struct Hello {
  std::string name;   // for the log
  std::string build;  // version and commit
  std::string isa;    // of its kernels
  int32_t threads = 0;
};
// The worker has this version's weights, whole and with the right checksum. A version of 0 bytes more than it has room for
// is an Error on its side and ends it.
struct WeightsReady {
  uint64_t version = 0;
};
// Chunks up to `offset` of the stream have been written: the trainer may send a window beyond it.
struct WeightsCredit {
  uint64_t version = 0, offset = 0;
};
// A finished unit of work. Sent again until it is acknowledged.
struct Result {
  uint64_t call = 0, unit = 0;
  Group group;
  int64_t new_tokens = 0, decode_steps = 0, preempted = 0, peak_cache_rows = 0;
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
// lie in that folder as one file `version.weights` instead and no chunks follow. sha256 is of the whole stream.
struct WeightsBegin {
  uint64_t version = 0, num_bytes = 0;
  std::array<uint8_t, 32> sha256{};
  std::string folder;
};
struct WeightsChunk {
  uint64_t version = 0, offset = 0;
  std::string bytes;
};
// Draw these completions with the weights of `version`. A newer `call` or version makes older work void.
struct Work {
  uint64_t call = 0, unit = 0, version = 0, seed = 0;
  SamplingConfig sampling;
  Request request;
};
struct ResultAck {
  uint64_t call = 0, unit = 0;
};

// --- both ways ---

struct Heartbeat {};
// The sender leaves on purpose; nothing more will come from it.
struct Goodbye {
  std::string reason;
};

using Message = std::variant<Hello, WeightsReady, WeightsCredit, Result, Failure, Welcome, Refusal, WeightsBegin, WeightsChunk,
                             Work, ResultAck, Heartbeat, Goodbye>;

}  // namespace lockstep::rollout::remote
