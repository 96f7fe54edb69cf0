// SPDX-License-Identifier: Apache-2.0
// What the trainer sends of itself: weights, the parity probe, work, signs of life; and its deadlines.
#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "rollout/remote/hub.h"

namespace lockstep::rollout::remote {
namespace {

constexpr size_t kWindow = 8;       // pieces of the weights that are under way to a worker
constexpr Milliseconds kRetry{20};  // after a link took nothing

}  // namespace

void Hub::give_weights(Weights&& weights) {
  weights_ = std::move(weights);
  ++edition_;
}

Weights Hub::take_back_weights() {
  wants_probe_ = false;
  answer_ = nullptr;
  return std::exchange(weights_, std::nullopt).value_or(Weights{});
}

void Hub::give_probe(std::vector<Group> groups) {
  LOCKSTEP_CHECK(weights_ && groups.size() == probe_.requests.size(), "the probe's answer belongs to current weights");
  const Completion& first = groups[0].completions.at(0);
  experts_per_token_ = first.experts.size() / std::max<size_t>(1, first.ids.size());
  answer_ = std::make_shared<const std::vector<Group>>(std::move(groups));
  wants_probe_ = false;
}

void Hub::start_call(Call& call, Time now) {
  LOCKSTEP_CHECK(!call_ && weights_, "one call at a time, with current weights");
  call_ = &call;
  has_begun_ = has_told_ = false;
  short_since_ = now;
  failure_.reset();
  call_stats_ = {};
  for (auto& [id, peer] : peers_) peer.peak_cache_rows = 0;
}

void Hub::end_call(int64_t num_given) {
  stats_.given += num_given;
  stats_.stale_dropped += call_->num_taken() - num_given;
  for (auto& [id, peer] : peers_) {
    peer.units.clear();
    std::erase_if(peer.outbox, [&](const Message& message) {
      const auto* work = std::get_if<Work>(&message);
      return work && work->call == call_->id();
    });
  }
  call_ = nullptr;
}

int64_t Hub::peak_cache_rows() const {
  int64_t sum = 0;
  for (const auto& [id, peer] : peers_) sum += peer.peak_cache_rows;
  return sum;
}

size_t Hub::num_joined() const {
  return static_cast<size_t>(
      std::count_if(peers_.begin(), peers_.end(), [](const auto& peer) { return peer.second.stage == Stage::joined; }));
}

Time Hub::tick(Time now) {
  drop_silent(now);
  drop_stuck(now);
  for (auto peer = peers_.begin(); peer != peers_.end(); ++peer) {
    if (flush(peer)) feed(peer);
    start_probe(peer);
  }
  watch_call(now);
  hand_out(now);
  for (auto peer = peers_.begin(); peer != peers_.end(); ++peer) {
    if (now - peer->second.last_heartbeat < heartbeat_) continue;
    peer->second.last_heartbeat = now;
    if (peer->second.outbox.empty()) send(peer, Heartbeat{});
  }
  return next_due(now);
}

void Hub::drop_silent(Time now) {
  for (auto peer = peers_.begin(); peer != peers_.end();) {
    const double silence = std::chrono::duration<double>(now - peer->second.last_heard).count();
    peer = now - peer->second.last_heard > timeout_ ? drop(peer, cat("silent for ", base::fixed(silence, 1), " s"))
                                                    : std::next(peer);
  }
}

// Its network thread lives, but its engine gives nothing. Should it be only slow, it joins again when it is idle, and what it
// has drawn counts then unless others were faster.
void Hub::drop_stuck(Time now) {
  if (unit_timeout_ == Time::duration(0)) return;
  for (auto peer = peers_.begin(); peer != peers_.end();) {
    if (peer->second.units.empty() || now - peer->second.last_unit < unit_timeout_) {
      ++peer;
      continue;
    }
    const std::string why = cat("none of its ", peer->second.units.size(), " units of work was finished within ",
                                config_.unit_timeout_s, " s (workers.unit_timeout_s)");
    remember(peer->second, cat("is gone: ", why));
    peer = drop(peer, why);
  }
}

bool Hub::has_current_weights(const Peer& peer) const {
  return weights_ && peer.has_weights && peer.edition == edition_;
}

// Weights are announced once, then sent in chunks as far as the worker's credit and the window go.
void Hub::feed(Peers::iterator peer) {
  Peer& worker = peer->second;
  if (!weights_ || worker.stage == Stage::refused) return;
  if (worker.edition != edition_) {
    worker.edition = edition_;
    worker.version = weights_->version;
    worker.has_weights = worker.wants_changes = false;
    worker.credit.reset();
    worker.num_sent = 0;
    worker.in_flight.clear();
    if (worker.stage == Stage::probing) worker.stage = Stage::greeted;  // new weights make the probe void
    const auto& changes = weights_->changes;
    send(peer, WeightsBegin{weights_->version, weights_->num_bytes, weights_->sha256, weights_->folder,
                            changes.has_value(), changes ? changes->base : Digest{}});
  }
  while (wants_chunk(worker) && worker.outbox.empty()) {
    const uint64_t begin = worker.num_sent;
    const bool is_changes = worker.wants_changes && weights_->changes;
    const Piece piece = is_changes ? weights_->piece_of_changes(begin) : weights_->piece(begin);
    Message chunk = WeightsChunk{weights_->version, begin, std::string(piece.bytes)};
    if (!try_send(peer, chunk)) return;
    worker.num_sent = piece.end;
    worker.in_flight.push_back(piece.end);
  }
}

bool Hub::wants_chunk(const Peer& peer) const {
  return weights_ && weights_->folder.empty() && peer.edition == edition_ && !peer.has_weights && peer.credit &&
         peer.num_sent < weights_->num_bytes && peer.in_flight.size() < kWindow;
}

void Hub::start_probe(Peers::iterator peer) {
  Peer& worker = peer->second;
  if (worker.stage != Stage::greeted || !has_current_weights(worker)) return;
  if (!answer_) {
    wants_probe_ = true;
    return;
  }
  worker.stage = Stage::probing;
  worker.probe = answer_;
  worker.first_probe_unit = next_probe_unit_;
  worker.probe_answered.assign(probe_.requests.size(), false);
  for (size_t r = 0; r < probe_.requests.size(); ++r)
    send(peer, Work{kProbeCall, next_probe_unit_++, weights_->version, probe_.seed, probe_.sampling, probe_.requests[r],
                    r + 1 == probe_.requests.size()});
}

void Hub::watch_call(Time now) {
  if (!call_ || failure_) return;
  const size_t joined = num_joined(), needed = num_needed();
  if (joined >= needed) {
    has_begun_ = true;
    has_told_ = false;
    short_since_ = now;
    return;
  }
  if (!std::exchange(has_told_, true))
    base::log_info(cat("waiting for rollout workers: ", joined, " of ", needed, " have joined"));
  if (now - short_since_ >= join_timeout_) {
    const std::string within = cat(" within ", config_.join_timeout_s, " s", who_was_turned_away());
    failure_ = Error(has_begun_ ? cat("every rollout worker has left and none came back", within)
                                : cat(joined, " of ", needed, " rollout workers joined", within),
                     config_.listen,
                     cat("start workers with `lockstep worker --connect ", config_.listen,
                         "` and see what they say, or raise workers.join_timeout_s"));
  }
}

void Hub::hand_out(Time now) {
  if (!call_ || !has_begun_ || failure_) return;
  const auto able = static_cast<size_t>(
      std::count_if(peers_.begin(), peers_.end(), [&](const auto& peer) { return can_work(peer.second); }));
  for (auto peer = peers_.begin(); peer != peers_.end(); ++peer) {
    if (!can_work(peer->second) || !peer->second.units.empty()) continue;
    peer->second.units = call_->work().take(able);
    peer->second.last_unit = now;
    for (const size_t unit : peer->second.units) send(peer, call_->message(unit, unit == peer->second.units.back()));
  }
}

Time Hub::next_due(Time now) const {
  Time due = now + heartbeat_;
  for (const auto& [id, peer] : peers_) {
    due = std::min({due, peer.last_heartbeat + heartbeat_, peer.last_heard + timeout_ + Milliseconds(1)});
    if (!peer.units.empty() && unit_timeout_ != Time::duration(0)) due = std::min(due, peer.last_unit + unit_timeout_);
    if (!peer.outbox.empty() || wants_chunk(peer)) due = std::min(due, now + kRetry);
  }
  if (call_ && !failure_) due = std::min(due, short_since_ + join_timeout_);
  return std::max(due, now);
}

void Hub::say_goodbye() {
  for (auto peer = peers_.begin(); peer != peers_.end(); ++peer) {
    if (peer->second.stage == Stage::refused || !flush(peer)) continue;
    send(peer, Goodbye{"the trainer has ended"});
  }
}

}  // namespace lockstep::rollout::remote
