// SPDX-License-Identifier: Apache-2.0
// What the trainer knows of one worker.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rollout/remote/channel.h"
#include "rollout/remote/messages.h"
#include "rollout/remote/weights.h"

namespace lockstep::rollout::remote {

using Time = std::chrono::steady_clock::time_point;

enum class Stage {
  greeted,  // it has been welcomed, and gets weights
  probing,  // it draws the parity probe
  joined,   // it may work whenever it has the current weights
  refused,  // it is not listened to; kept so that its next Hello is answered at once
};

struct Peer {
  Channel channel;
  std::string name;
  uint64_t instance = 0;
  Stage stage = Stage::greeted;
  Time last_heard = {}, last_heartbeat = {};
  // Produced by whatever has news for the worker, consumed as its link takes them; bounded by its units and kMaxAcks.
  std::deque<Message> outbox = {};

  uint64_t edition = 0, version = 0;  // of the last weights that it was told of, by the hub's count; 0: none
  bool has_weights = false;           // it has them whole
  std::optional<uint64_t> credit = std::nullopt;  // bytes of them that it has written; nullopt: not ready for any
  bool wants_changes = false;                     // since the version before
  uint64_t num_sent = 0;                          // bytes of them
  std::deque<uint64_t> in_flight = {};  // where each piece that it has no credit beyond ends; bounded by kWindow

  std::shared_ptr<const std::vector<Group>> probe = nullptr;  // what its probe must give
  uint64_t first_probe_unit = 0;
  std::vector<bool> probe_answered = {};

  std::vector<size_t> units = {};  // of the call, that it has not answered
  Time last_unit = {};             // when it got them, or answered one of them
  int64_t peak_cache_rows = 0;     // in the call
};

}  // namespace lockstep::rollout::remote
