// SPDX-License-Identifier: Apache-2.0
// What the trainer makes of each message that comes in.
#include "rollout/remote/hub.h"

#include <algorithm>
#include <cmath>

#include "base/log.h"
#include "base/text.h"

namespace lockstep::rollout::remote {
namespace {

constexpr size_t kMaxPeers = 1024;
constexpr size_t kMaxRemembered = 8;
constexpr size_t kMaxAcks = 4096;                // that wait for a worker to take them
constexpr int64_t kMaxCount = int64_t{1} << 40;  // of steps in a batch: what a worker claims is summed

Time::duration seconds(double value) {
  return std::chrono::duration_cast<Time::duration>(std::chrono::duration<double>(value));
}

uint32_t milliseconds(double value) { return static_cast<uint32_t>(std::lround(value * 1000)); }

// What a worker counted in its batch, bounded: sums of them must not overflow.
EngineStats told_by(const Result& result) {
  const auto bounded = [](int64_t count) { return std::clamp<int64_t>(count, 0, kMaxCount); };
  EngineStats stats;
  stats.decode_steps = bounded(result.decode_steps);
  stats.preempted = bounded(result.preempted);
  stats.draws = bounded(result.draws);
  stats.draft_tokens = bounded(result.draft_tokens);
  stats.accepted_tokens = bounded(result.accepted_tokens);
  stats.expert_load = result.expert_load;
  for (auto& layer : stats.expert_load)
    for (int64_t& count : layer) count = bounded(count);
  return stats;
}

}  // namespace

Hub::Hub(ServerLink& link, const Welcome& welcome, int64_t vocab_size, const WorkersConfig& config)
    : link_(link),
      welcome_(welcome),
      vocab_size_(vocab_size),
      config_(config),
      heartbeat_(seconds(config.heartbeat_s)),
      timeout_(seconds(config.timeout_s)),
      join_timeout_(seconds(config.join_timeout_s)),
      unit_timeout_(seconds(config.unit_timeout_s)),
      probe_(make_probe(vocab_size)) {
  if (config.timeout_s <= config.heartbeat_s)
    throw Error(cat("workers that are silent for ", config.timeout_s, " s count as gone, and they speak every ",
                    config.heartbeat_s, " s"),
                "workers.timeout_s", "make timeout_s several times heartbeat_s");
  welcome_.heartbeat_ms = std::max(1u, milliseconds(config.heartbeat_s));
  welcome_.timeout_ms = std::max(2u, milliseconds(config.timeout_s));
}

void Hub::on_message(Received&& received, Time now) {
  const auto& [stamp, message] = received.envelope;
  if (const auto* hello = std::get_if<Hello>(&message)) return on_hello(received.peer, stamp, *hello, now);
  const auto peer = peers_.find(received.peer);
  if (peer == peers_.end() || stamp.session > peer->second.channel.session())
    return ask_to_rejoin(received.peer, stamp.session);
  if (peer->second.stage == Stage::refused) return;
  switch (peer->second.channel.arrive(stamp)) {
    case Arrival::other_session:
    case Arrival::repeated:
      return;
    case Arrival::gap:
      drop(peer, "messages of it were lost");
      return ask_to_rejoin(received.peer, stamp.session);
    case Arrival::in_order:
      peer->second.last_heard = now;
      handle(peer, std::move(received.envelope.message), now);
  }
}

// A Hello that was delayed until its worker had begun a later session, perhaps under another connection, is void.
void Hub::on_hello(const PeerId& id, const Stamp& stamp, const Hello& hello, Time now) {
  if (stamp.number != 0) return;
  bool was_refused = false;
  for (auto peer = peers_.begin(); peer != peers_.end();) {
    const bool is_same = peer->first == id || peer->second.instance == hello.instance;
    if (is_same && peer->second.channel.session() >= stamp.session) return;
    was_refused |= is_same && peer->second.stage == Stage::refused;
    peer = is_same ? drop(peer, "it begins anew") : std::next(peer);
  }
  if (peers_.size() >= kMaxPeers) return;
  const auto peer = peers_.emplace(id, Peer{Channel(stamp.session), base::printable(hello.name), hello.instance}).first;
  peer->second.channel.arrive(stamp);
  peer->second.last_heard = peer->second.last_heartbeat = now;
  if (was_refused) {  // the first answer may have been lost
    peer->second.stage = Stage::refused;
    return send(peer, Refusal{"the trainer has refused this worker before", "see the trainer's log for the reason"});
  }
  base::log_info(cat("worker ", peer->second.name, " (", base::printable(hello.build), ", ", base::printable(hello.isa),
                     ", ", hello.threads, " threads) is here"));
  send(peer, welcome_);
}

void Hub::handle(Peers::iterator peer, Message&& message, Time now) {
  if (auto* result = std::get_if<Result>(&message)) {
    on_result(peer, std::move(*result), now);
  } else if (const auto* credit = std::get_if<WeightsCredit>(&message)) {
    on_credit(peer->second, *credit);
  } else if (const auto* ready = std::get_if<WeightsReady>(&message)) {
    on_ready(peer->second, *ready);
  } else if (const auto* failure = std::get_if<Failure>(&message)) {
    const std::string why = base::printable(cat("failed: ", failure->what, " (", failure->where, ")"));
    remember(peer->second, why);
    drop(peer, why);
  } else if (const auto* goodbye = std::get_if<Goodbye>(&message)) {
    drop(peer, base::printable(cat("said goodbye: ", goodbye->reason)));
  }  // a Heartbeat has said all by coming; the trainer's own messages mean nothing from a worker
}

void Hub::on_credit(Peer& peer, const WeightsCredit& credit) {
  if (peer.edition == 0 || credit.version != peer.version || credit.offset > peer.num_sent) return;
  if (!peer.credit) peer.wants_changes = credit.wants_changes;
  peer.credit = credit.offset;
  while (!peer.in_flight.empty() && peer.in_flight.front() <= credit.offset) peer.in_flight.pop_front();
}

void Hub::on_ready(Peer& peer, const WeightsReady& ready) {
  if (peer.edition > 0 && ready.version == peer.version) peer.has_weights = true;
}

// False when the worker is gone: one that goes on sending without taking what it gets would fill the memory.
bool Hub::acknowledge(Peers::iterator peer, const Result& result) {
  if (peer->second.outbox.size() > peer->second.units.size() + kMaxAcks) {
    drop(peer, "it takes nothing that is sent to it");
    return false;
  }
  send(peer, ResultAck{result.call, result.unit});
  return true;
}

void Hub::on_result(Peers::iterator peer, Result&& result, Time now) {
  Peer& worker = peer->second;
  if (result.call == kProbeCall) {
    if (acknowledge(peer, result)) on_probe_result(peer, result);
    return;
  }
  if (worker.stage != Stage::joined) return;  // it is sent again once the worker has joined anew
  if (!acknowledge(peer, result)) return;
  const auto count = static_cast<int64_t>(result.group.completions.size());
  stats_.generated += count;
  if (!call_ || result.call != call_->id()) {
    stats_.stale_dropped += count;
    return;
  }
  if (const auto fault = fault_of(result)) {
    stats_.invalid_dropped += count;
    return refuse(peer, cat("its result is wrong: ", *fault), "run the trainer's build on a machine without faults");
  }
  std::erase(worker.units, result.unit);
  worker.last_unit = now;
  worker.peak_cache_rows = std::max(worker.peak_cache_rows, std::clamp<int64_t>(result.peak_cache_rows, 0, kMaxCount));
  const auto told =
      told_by(result);  // of the worker's batch: with results that are lost on the way it is a lower bound
  if (call_->take(result.unit, std::move(result.group)))
    call_stats_.add(told);
  else
    stats_.duplicates_dropped += count;
}

std::optional<std::string> Hub::fault_of(const Result& result) {
  if (result.unit >= call_->work().num_units())
    return cat("unit ", result.unit, " of a call with ", call_->work().num_units());
  return find_fault(result.group, call_->expected(result.unit, vocab_size_, experts_per_token_));
}

void Hub::on_probe_result(Peers::iterator peer, const Result& result) {
  Peer& worker = peer->second;
  const uint64_t index = result.unit - worker.first_probe_unit;
  if (worker.stage != Stage::probing || index >= worker.probe_answered.size()) return;
  if (const auto where = find_difference(worker.probe->at(index), result.group))
    return refuse(peer, cat("it does not draw the trainer's bits: prompt ", index, " of the parity probe, ", *where),
                  "run a worker of the trainer's build, with its dtype and kernels");
  worker.probe_answered[index] = true;
  if (std::count(worker.probe_answered.begin(), worker.probe_answered.end(), false) > 0) return;
  worker.stage = Stage::joined;
  ++stats_.joined;
  base::log_info(cat("worker ", worker.name, " has joined: ", num_joined(), " now"));
}

// The message is left as it was when the link did not take it.
bool Hub::try_send(Peers::iterator peer, Message& message) {
  Channel& channel = peer->second.channel;
  Envelope envelope{channel.stamp(), std::move(message)};
  const bool is_taken = link_.send(peer->first, envelope);
  if (is_taken)
    channel.took();
  else
    message = std::move(envelope.message);
  return is_taken;
}

void Hub::send(Peers::iterator peer, Message message) {
  if (!peer->second.outbox.empty() || !try_send(peer, message)) peer->second.outbox.push_back(std::move(message));
}

void Hub::ask_to_rejoin(const PeerId& id, uint64_t session) { link_.send(id, {{session, 0}, Rejoin{}}); }

bool Hub::flush(Peers::iterator peer) {
  auto& outbox = peer->second.outbox;
  while (!outbox.empty() && try_send(peer, outbox.front())) outbox.pop_front();
  return outbox.empty();
}

// The worker's units go back to the others.
void Hub::release(Peer& peer) {
  if (call_) {
    for (const size_t unit : peer.units) {
      stats_.units_reassigned += !call_->work().unit(unit).is_done;
      call_->work().give_back(unit);
    }
  }
  peer.units.clear();
  stats_.left += peer.stage == Stage::joined;
}

Hub::Peers::iterator Hub::drop(Peers::iterator peer, const std::string& why) {
  release(peer->second);
  if (peer->second.stage != Stage::refused) base::log_info(cat("worker ", peer->second.name, " is gone: ", why));
  return peers_.erase(peer);
}

void Hub::refuse(Peers::iterator peer, const std::string& what, const std::string& fix) {
  release(peer->second);
  peer->second.stage = Stage::refused;
  peer->second.outbox.clear();
  ++stats_.refused;
  base::log_warn(cat("worker ", peer->second.name, " is refused: ", what));
  remember(peer->second, cat("refused: ", what));
  send(peer, Refusal{what, fix});
}

void Hub::remember(const Peer& peer, const std::string& why) {
  if (turned_away_.size() == kMaxRemembered) turned_away_.erase(turned_away_.begin());
  turned_away_.push_back(cat(peer.name, " ", why));
}

std::string Hub::who_was_turned_away() const {
  return turned_away_.empty() ? "" : cat("; ", base::join(turned_away_, "; "));
}

}  // namespace lockstep::rollout::remote
