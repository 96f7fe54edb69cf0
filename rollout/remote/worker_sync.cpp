// SPDX-License-Identifier: Apache-2.0
// The worker's weights, and what it sends of itself: signs of life, results, a new Hello after silence.
#include <algorithm>

#include "base/log.h"
#include "base/text.h"
#include "rollout/remote/worker_core.h"

namespace lockstep::rollout::remote {
namespace {

constexpr Milliseconds kRetry{20};  // after the link took nothing

double seconds(Time::duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

// Once the engine is idle: nothing is written under a running generate.
void WorkerCore::accept_weights() {
  if (is_over_ || !incoming_ || incoming_->writer || running_ != Running::nothing || must_build_ || !host_) return;
  const WeightsBegin& begin = incoming_->begin;
  if (version_ && sha256_ == begin.sha256) return finish_weights(begin.sha256);
  WeightsWriter writer(host_->tensors());
  if (writer.num_bytes() != begin.num_bytes)
    return fail(Error(cat("the trainer's weights have ", begin.num_bytes, " bytes, the model made from its config ",
                          writer.num_bytes()),
                      options_.endpoint, "run the trainer's build"));
  if (!begin.folder.empty()) return;  // take_job has them read, and checked
  incoming_->is_changes = version_ && begin.has_changes && sha256_ == begin.base;
  version_.reset();
  incoming_->writer = std::move(writer);
  send(WeightsCredit{begin.version, 0, incoming_->is_changes});
}

void WorkerCore::on_chunk(const WeightsChunk& chunk, Time now) {
  if (!incoming_ || !incoming_->writer || chunk.version != incoming_->begin.version) return;
  WeightsWriter& writer = *incoming_->writer;
  if (chunk.offset != writer.offset())
    return on_damage(cat("bytes from ", chunk.offset, " on where ", writer.offset(), " was due"), now);
  if (!(incoming_->is_changes ? writer.write_changes(chunk.bytes) : writer.write(chunk.bytes)))
    return on_damage(cat("bytes from ", chunk.offset, " on do not fit the model's ", writer.num_bytes()), now);
  send(WeightsCredit{chunk.version, writer.offset()});  // once they are whole, take_job has them checked
}

void WorkerCore::finish_weights(const Digest& sha256) {
  version_ = incoming_->begin.version;
  sha256_ = sha256;
  num_damaged_ = 0;
  incoming_.reset();
  send(WeightsReady{*version_});
}

Time WorkerCore::tick(Time now) {
  if (!is_over_) watch(now);
  accept_weights();
  flush(now);
  if (!is_welcomed_ || is_over_) return next_due(now);
  for (auto& [key, waiting] : results_) {
    if (waiting.next_send > now || !outbox_.empty()) continue;
    send(waiting.result);
    waiting.next_send = now + options_.resend;
  }
  if (now - last_heartbeat_ >= heartbeat_) {
    last_heartbeat_ = now;
    if (outbox_.empty()) send(Heartbeat{});
  }
  flush(now);
  return next_due(now);
}

void WorkerCore::watch(Time now) {
  const Time::duration silence = now - last_heard_;
  if (silence >= options_.give_up)
    return fail(Error(cat("the trainer has been silent for ", base::fixed(seconds(silence), 1), " s"),
                      options_.endpoint, "start this worker again when the trainer runs and the network reaches it"));
  const bool is_unanswered = !is_welcomed_ && outbox_.empty() && now - hello_taken_ >= options_.hello_retry;
  if (!is_unanswered && !(is_welcomed_ && silence > timeout_)) return;
  if (is_welcomed_)
    base::log_warn(cat("the trainer is silent for ", base::fixed(seconds(silence), 1), " s: connecting again"));
  link_.reconnect();
  begin_session(now);
}

void WorkerCore::send(Message message) { outbox_.push_back(std::move(message)); }

void WorkerCore::flush(Time now) {
  try {
    while (!outbox_.empty()) {
      Envelope envelope{channel_.stamp(), std::move(outbox_.front())};
      if (!link_.send(envelope)) {
        outbox_.front() = std::move(envelope.message);
        return;
      }
      channel_.took();
      outbox_.pop_front();
      if (!is_welcomed_) hello_taken_ = now;
    }
  } catch (const Error& error) {  // a result above the link's limit, say: the trainer is told why this worker ends
    if (is_over_) throw;
    outbox_.clear();
    fail(error);
    flush(now);
  }
}

Time WorkerCore::next_due(Time now) const {
  Time due = last_heard_ + options_.give_up;
  if (!outbox_.empty()) due = std::min(due, now + kRetry);
  if (!is_welcomed_) return std::max(now, std::min(due, hello_taken_ + options_.hello_retry));
  due = std::min({due, last_heard_ + timeout_ + Milliseconds(1), last_heartbeat_ + heartbeat_});
  for (const auto& [key, waiting] : results_) due = std::min(due, std::max(now + kRetry, waiting.next_send));
  return std::max(due, now);
}

}  // namespace lockstep::rollout::remote
