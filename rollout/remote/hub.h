// SPDX-License-Identifier: Apache-2.0
// The trainer's half of the protocol: sessions, weights, parity, work. It keeps no time and no thread of its own.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "rollout/remote/call.h"
#include "rollout/remote/link.h"
#include "rollout/remote/parity.h"
#include "rollout/remote/peer.h"
#include "rollout/remote/weights.h"
#include "rollout/remote/worker_stats.h"
#include "rollout/remote/workers_config.h"

namespace lockstep::rollout::remote {

// Not thread-safe. Messages and the clock come in by on_message and tick, on the thread that owns the link; the other
// functions only change what the next tick does.
class Hub {
 public:
  // `link` outlives the hub. `welcome` goes to every worker, with the config's times.
  Hub(ServerLink& link, const Welcome& welcome, int64_t vocab_size, const WorkersConfig& config);

  void on_message(Received&& received, Time now);
  // Sends what is due, and returns when it wants to be called again if no message comes before.
  Time tick(Time now);
  void say_goodbye();

  void give_weights(Weights&& weights);
  // Before they change: no worker gets them any more. Returns them, to tell the changes against.
  Weights take_back_weights();
  bool has_weights() const { return weights_.has_value(); }
  // A worker waits for the parity probe: its groups, drawn with the current weights, are to be given.
  bool wants_probe() const { return wants_probe_; }
  void give_probe(std::vector<Group> groups);
  const Probe& probe() const { return probe_; }

  // Work on `call` until it is done, or failure() says why it never will be, or end_call. The weights are current.
  void start_call(Call& call, Time now);
  const std::optional<Error>& failure() const { return failure_; }
  // The call waits for workers: min_workers to begin with, any at all later.
  bool is_short() const { return call_ && !failure_ && num_joined() < num_needed(); }
  // The number of completions that the caller gives out; the others that came count as stale.
  void end_call(int64_t num_given);
  int64_t peak_cache_rows() const;                               // in the call, summed over its workers
  const EngineStats& call_stats() const { return call_stats_; }  // what the workers tell of the call

  size_t num_joined() const;
  size_t num_needed() const { return has_begun_ ? 1 : static_cast<size_t>(config_.min_workers); }
  const WorkerStats& stats() const { return stats_; }

 private:
  using Peers = std::map<PeerId, Peer>;

  void on_hello(const PeerId& id, const Stamp& stamp, const Hello& hello, Time now);
  void handle(Peers::iterator peer, Message&& message, Time now);
  bool acknowledge(Peers::iterator peer, const Result& result);
  void on_credit(Peer& peer, const WeightsCredit& credit);
  void on_ready(Peer& peer, const WeightsReady& ready);
  void on_result(Peers::iterator peer, Result&& result, Time now);
  void on_probe_result(Peers::iterator peer, const Result& result);
  std::optional<std::string> fault_of(const Result& result);

  bool try_send(Peers::iterator peer, Message& message);
  void send(Peers::iterator peer, Message message);
  void ask_to_rejoin(const PeerId& id, uint64_t session);
  bool flush(Peers::iterator peer);

  void feed(Peers::iterator peer);
  bool wants_chunk(const Peer& peer) const;
  bool has_current_weights(const Peer& peer) const;
  bool can_work(const Peer& peer) const { return peer.stage == Stage::joined && has_current_weights(peer); }
  void start_probe(Peers::iterator peer);
  void watch_call(Time now);
  void hand_out(Time now);
  void drop_silent(Time now);
  void drop_stuck(Time now);
  Time next_due(Time now) const;

  void release(Peer& peer);
  Peers::iterator drop(Peers::iterator peer, const std::string& why);
  void refuse(Peers::iterator peer, const std::string& what, const std::string& fix);
  void remember(const Peer& peer, const std::string& why);
  std::string who_was_turned_away() const;

  ServerLink& link_;
  Welcome welcome_;
  int64_t vocab_size_;
  WorkersConfig config_;
  Time::duration heartbeat_, timeout_, join_timeout_, unit_timeout_;
  Probe probe_;
  Peers peers_;
  std::optional<Weights> weights_;
  uint64_t edition_ = 0;  // how many weights were given
  bool wants_probe_ = false;
  std::shared_ptr<const std::vector<Group>> answer_;  // under weights_; null until it is given
  uint64_t next_probe_unit_ = 0;
  size_t experts_per_token_ = 0;  // in the probe's answers, and so in every result

  Call* call_ = nullptr;
  bool has_begun_ = false;  // min_workers had joined
  bool has_told_ = false;   // in the log, that it waits for workers
  Time short_since_;        // since when too few workers have been there
  std::optional<Error> failure_;
  EngineStats call_stats_;
  std::vector<std::string> turned_away_;  // the last few, for Errors
  WorkerStats stats_;
};

}  // namespace lockstep::rollout::remote
