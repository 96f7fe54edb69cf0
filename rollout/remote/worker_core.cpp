// SPDX-License-Identifier: Apache-2.0
// What the worker makes of messages and of its engine's events.
#include "rollout/remote/worker_core.h"

#include <algorithm>

#include "base/log.h"
#include "base/text.h"

namespace lockstep::rollout::remote {
namespace {

constexpr int kMaxDamaged = 3;

bool is_same_model(const Welcome& a, const Welcome& b) {
  return a.model_config == b.model_config && a.dtype == b.dtype && a.engine_config == b.engine_config &&
         a.pieces == b.pieces;
}

}  // namespace

WorkerCore::WorkerCore(ClientLink& link, const WorkerOptions& options, uint64_t instance, Time now)
    : link_(link), options_(options), instance_(instance), last_heard_(now) {
  begin_session(now);
}

// Work that the engine is at goes on: its results count in the next session too, unless they are of a probe.
void WorkerCore::begin_session(Time now) {
  channel_ = Channel(channel_.session() + 1);
  is_welcomed_ = false;
  outbox_.clear();
  incoming_.reset();
  pending_.clear();
  num_ready_ = 0;
  if (call_ == kProbeCall) void_work();
  // Another trainer's probe may have the same numbers, and other weights.
  std::erase_if(results_, [](const auto& entry) { return entry.first.first == kProbeCall; });
  hello_taken_ = now;
  send(Hello{instance_, options_.name, options_.build, options_.isa, options_.threads});
}

void WorkerCore::on_message(Envelope&& envelope, Time now) {
  if (is_over_) return;
  if (std::holds_alternative<Rejoin>(envelope.message)) {
    if (envelope.stamp.session == channel_.session()) begin_session(now);
    return;
  }
  switch (channel_.arrive(envelope.stamp)) {
    case Arrival::other_session:
    case Arrival::repeated:
      return;
    case Arrival::gap:
      return begin_session(now);
    case Arrival::in_order:
      last_heard_ = now;
      handle(std::move(envelope.message), now);
  }
}

void WorkerCore::handle(Message&& message, Time now) {
  if (auto* welcome = std::get_if<Welcome>(&message)) {
    on_welcome(std::move(*welcome));
  } else if (const auto* begin = std::get_if<WeightsBegin>(&message)) {
    void_work();
    incoming_ = Incoming{*begin};
  } else if (const auto* chunk = std::get_if<WeightsChunk>(&message)) {
    on_chunk(*chunk, now);
  } else if (auto* work = std::get_if<Work>(&message)) {
    on_work(std::move(*work));
  } else if (const auto* ack = std::get_if<ResultAck>(&message)) {
    results_.erase({ack->call, ack->unit});
  } else if (const auto* refusal = std::get_if<Refusal>(&message)) {
    is_over_ = true;
    error_ = Error(cat("the trainer refused this worker: ", base::printable(refusal->what)), options_.endpoint,
                   base::printable(refusal->fix));
    halt();
  } else if (const auto* goodbye = std::get_if<Goodbye>(&message)) {
    base::log_info(cat("the trainer said goodbye: ", base::printable(goodbye->reason)));
    is_over_ = true;
    halt();
  }  // a Heartbeat has said all by coming
}

void WorkerCore::on_welcome(Welcome&& welcome) {
  is_welcomed_ = true;
  heartbeat_ = Milliseconds(std::max(1u, welcome.heartbeat_ms));
  timeout_ = Milliseconds(std::max(2u, welcome.timeout_ms));
  const bool has_host = host_ || running_ == Running::build;
  if (has_host && !must_build_ && is_same_model(welcome, welcome_)) return;
  base::log_info(cat("the trainer of ", base::printable(welcome.run), " welcomes this worker"));
  welcome_ = std::move(welcome);
  must_build_ = true;
  void_work();
}

void WorkerCore::void_work() {
  pending_.clear();
  num_ready_ = 0;
  if (running_ == Running::draw) host_->set_stop(true);
}

void WorkerCore::halt() {
  if (host_) host_->set_stop(true);
}

void WorkerCore::on_work(Work&& work) {
  if (incoming_ || version_ != work.version) return;  // no work precedes its weights
  if (work.call != call_) {
    void_work();
    call_ = work.call;
    if (call_ != kProbeCall && call_ != std::exchange(results_call_, call_)) results_.clear();
  }
  const bool is_last = work.last_of_batch;
  const auto drawn = results_.find({work.call, work.unit});
  if (drawn == results_.end()) {
    pending_.push_back(std::move(work));
  } else {
    drawn->second.next_send = Time::min();  // drawn in an earlier session
  }
  if (is_last) num_ready_ = pending_.size();
}

std::optional<Job> WorkerCore::take_job() {
  accept_weights();
  if (running_ != Running::nothing || is_over_) return std::nullopt;
  if (must_build_) {
    must_build_ = false;
    version_.reset();
    host_.reset();
    running_ = Running::build;
    return BuildJob{welcome_};
  }
  if (host_ && incoming_ && (incoming_->is_whole() || !incoming_->begin.folder.empty())) {
    version_.reset();
    running_ = Running::check;
    const WeightsBegin& begin = incoming_->begin;
    sha256_being_checked_ = begin.sha256;
    const std::string path = begin.folder.empty() ? "" : weights_path(begin.folder, begin.version);
    return CheckJob{host_.get(), path, begin.sha256, options_.threads};
  }
  if (num_ready_ == 0) return std::nullopt;
  DrawJob draw{host_.get(), {}};
  for (; num_ready_ > 0; --num_ready_) {
    draw.batch.push_back(std::move(pending_.front()));
    pending_.pop_front();
  }
  running_ = Running::draw;
  draw_session_ = channel_.session();
  host_->set_stop(false);
  return draw;
}

void WorkerCore::on_event(JobEvent&& event, Time now) {
  if (auto* done = std::get_if<JobDone>(&event)) return on_job_done(std::move(*done), now);
  Result& result = std::get<UnitDone>(event).result;
  const bool is_wanted = result.call == kProbeCall ? draw_session_ == channel_.session() : result.call == results_call_;
  if (is_over_ || !is_wanted) return;
  const auto key = std::pair(result.call, result.unit);
  results_.insert_or_assign(key, Unacknowledged{std::move(result), Time::min()});
}

void WorkerCore::on_job_done(JobDone&& done, Time now) {
  const Running ran = std::exchange(running_, Running::nothing);
  if (is_over_) return;
  if (done.error) return fail(std::move(*done.error));
  if (ran == Running::build && !must_build_) host_ = std::move(done.host);
  if (ran != Running::check || !incoming_ || incoming_->begin.sha256 != sha256_being_checked_) return;
  if (done.damage) return on_damage(*done.damage, now);
  finish_weights(sha256_being_checked_);
}

void WorkerCore::fail(Error error) {
  if (is_welcomed_) send(Failure{error.what_happened(), error.where(), error.fix()});
  is_over_ = true;
  error_ = std::move(error);
  halt();
}

void WorkerCore::leave(const std::string& reason) {
  if (is_over_) return;
  if (is_welcomed_) send(Goodbye{reason});
  is_over_ = true;
  halt();
}

void WorkerCore::on_damage(const std::string& what, Time now) {
  version_.reset();
  base::log_warn(cat("weights came damaged: ", what));
  if (++num_damaged_ < kMaxDamaged) return begin_session(now);
  fail(Error(cat("weights came damaged ", num_damaged_, " times running: ", what), options_.endpoint,
             "look for faults of the network, the shared folder or this machine's memory"));
}

}  // namespace lockstep::rollout::remote
