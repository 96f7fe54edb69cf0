// SPDX-License-Identifier: Apache-2.0
// The worker's half of the protocol: sessions, weights, work, results. It keeps no time and no thread of its own.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rollout/remote/channel.h"
#include "rollout/remote/peer.h"
#include "rollout/remote/worker.h"
#include "rollout/remote/worker_job.h"

namespace lockstep::rollout::remote {

// Not thread-safe: everything is called on the network thread. What take_job returns is done by the engine thread
// meanwhile; a new one is given out only when the last one's JobDone has come in.
class WorkerCore {
 public:
  // `instance` is drawn at random. `link` outlives the core.
  WorkerCore(ClientLink& link, const WorkerOptions& options, uint64_t instance, Time now);

  void on_message(Envelope&& envelope, Time now);
  void on_event(JobEvent&& event, Time now);
  // Sends what is due, and returns when it wants to be called again if nothing happens before.
  Time tick(Time now);
  std::optional<Job> take_job();

  // Says Goodbye, and is over.
  void leave(const std::string& reason);
  // Makes a running generate end soon.
  void halt();
  // The trainer or leave() said Goodbye, or error() says why the worker cannot go on.
  bool is_over() const { return is_over_; }
  const std::optional<Error>& error() const { return error_; }

 private:
  struct Unacknowledged {
    Result result;
    Time next_send;
  };
  struct Incoming {  // weights
    WeightsBegin begin;
    std::optional<WeightsWriter> writer = std::nullopt;  // once chunks were asked for
    bool is_changes = false;                             // since the weights that the host had
    bool is_whole() const { return writer && writer->offset() == writer->num_bytes(); }
  };

  void begin_session(Time now);
  void handle(Message&& message, Time now);
  void on_welcome(Welcome&& welcome);
  void on_work(Work&& work);
  void on_chunk(const WeightsChunk& chunk, Time now);
  void on_job_done(JobDone&& done, Time now);
  void void_work();

  void accept_weights();
  void finish_weights(const Digest& sha256);
  void on_damage(const std::string& what, Time now);
  void watch(Time now);
  void send(Message message);
  void flush(Time now);
  void fail(Error error);
  Time next_due(Time now) const;

  ClientLink& link_;
  WorkerOptions options_;
  uint64_t instance_;

  Channel channel_{0};
  bool is_welcomed_ = false;
  std::deque<Message> outbox_;  // produced by send, consumed as the link takes it, bounded by the units of a batch
  Time hello_taken_;            // when the link took the last Hello
  Time last_heard_, last_heartbeat_;
  Time::duration heartbeat_{}, timeout_{};

  Welcome welcome_;  // that the host is, or is to be, made from
  bool must_build_ = false;
  std::unique_ptr<ModelHost> host_;
  enum class Running { nothing, build, check, draw } running_ = Running::nothing;
  uint64_t draw_session_ = 0;        // in which the last draw was begun
  std::optional<uint64_t> version_;  // of the weights in the host; nullopt: none, or parts
  Digest sha256_{};                  // of them
  Digest sha256_being_checked_{};    // by the CheckJob that runs
  std::optional<Incoming> incoming_;
  int num_damaged_ = 0;  // running

  uint64_t call_ = kProbeCall;  // of the work that was received last
  uint64_t results_call_ = kProbeCall;
  std::deque<Work> pending_;  // produced by Work messages, consumed by take_job, bounded by the trainer's call
  size_t num_ready_ = 0;      // of them, whole batches
  std::map<std::pair<uint64_t, uint64_t>, Unacknowledged>
      results_;  // by call and unit, until acknowledged or of no use

  bool is_over_ = false;
  std::optional<Error> error_;
};

}  // namespace lockstep::rollout::remote
