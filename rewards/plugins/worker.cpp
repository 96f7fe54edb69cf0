// SPDX-License-Identifier: Apache-2.0
// The states of a worker: absent, starting, idle, calling.
#include "rewards/plugins/worker.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "base/error.h"
#include "base/text.h"

namespace lockstep::rewards::plugins {
namespace {

Worker::Clock::time_point after(double seconds) {
  return Worker::Clock::now() +
         std::chrono::duration_cast<Worker::Clock::duration>(std::chrono::duration<double>(seconds));
}

constexpr size_t kMaxProblemBytes = 2000;

std::string shortened(const std::string& text) { return base::printable(std::string_view(text).substr(0, kMaxProblemBytes)); }

}  // namespace

bool Worker::begin(const std::string& call, uint64_t id) {
  call_ = call;
  has_call_ = !call.empty();
  id_ = id;
  reply_ = {};
  if (has_call_ && num_timeouts_ >= kMaxTimeouts && Clock::now() < next_call_) {
    reply_ = {Status::timeout, {}, cat("not asked again yet, after ", num_timeouts_, " calls without an answer")};
    return true;
  }
  if (phase_ == Phase::idle && !is_fresh()) stop(0);
  if (phase_ == Phase::absent && !start()) return true;
  deadline_ = start_deadline_;
  if (phase_ != Phase::idle) return false;
  if (!has_call_) return reply_.status = Status::ok, true;
  try {
    send();
  } catch (const Error& error) {
    return fail(Status::error, error.what_happened());
  }
  return false;
}

// Tries; on failure the reply says why.
bool Worker::start() {
  const auto now = Clock::now();
  if (num_failed_starts_ >= kMaxFailedStarts && now < next_start_) {
    reply_ = {Status::error, {}, cat("not started again yet, after ", num_failed_starts_, " failures")};
    return false;
  }
  try {
    child_ = keeper_.start(options_.argv);
  } catch (const Error& error) {
    fail(Status::error, error.what_happened());
    return false;
  }
  reader_ = FrameReader(options_.max_reply_bytes);
  out_.clear();
  phase_ = Phase::starting;
  start_deadline_ = after(options_.start_timeout_s);
  return true;
}

// A process that has ended, or has something to say without being asked, is not used.
bool Worker::is_fresh() {
  if (has_ended()) return false;
  char byte;
  const ssize_t bytes = ::recv(child_->channel(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return bytes < 0 && errno == EAGAIN && reader_.is_empty();
}

void Worker::send() {
  out_ = make_frame(cat("{\"id\":", id_, ",\"call\":", call_, "}"));
  written_ = 0;
  phase_ = Phase::calling;
  deadline_ = after(options_.call_timeout_s);
  keeper_.new_call(*child_);
}

void Worker::add_entries(std::vector<pollfd>& entries) const {
  if (!child_) return;
  const bool wants_to_write = written_ < out_.size();
  entries.push_back({child_->channel(), static_cast<short>(wants_to_write ? POLLIN | POLLOUT : POLLIN), 0});
  if (child_->ended() >= 0) entries.push_back({child_->ended(), POLLIN, 0});
}

// A child of the process may keep the channel open, so that its end alone does not tell.
bool Worker::has_ended() const {
  pollfd end{child_->ended(), POLLIN, 0};
  return end.fd >= 0 && ::poll(&end, 1, 0) > 0;
}

bool Worker::step() {
  const bool was_ended = has_ended();  // before reading: what the process wrote before its end is in the channel by then
  try {
    const bool is_open = write_some() && read_some();
    while (const auto body = reader_.next()) {
      if (on_frame(*body)) return true;
    }
    if (is_open && !was_ended) return false;
  } catch (const Error& error) {
    return fail(Status::error, cat("the plugin's process broke the protocol: ", error.what_happened()));
  }
  return fail_ended();
}

bool Worker::write_some() {
  while (written_ < out_.size()) {
    const ssize_t bytes = ::send(child_->channel(), out_.data() + written_, out_.size() - written_, MSG_NOSIGNAL | MSG_DONTWAIT);
    // A peer that is gone may have answered before: reading will tell.
    if (bytes < 0) return errno == EAGAIN || errno == EINTR || errno == EPIPE;
    written_ += static_cast<size_t>(bytes);
  }
  return true;
}

// False at the end of the stream. At most the limit of one reply is taken in at once.
bool Worker::read_some() {
  std::array<char, size_t{64} << 10> buffer;
  for (size_t taken = 0; taken <= options_.max_reply_bytes;) {
    const ssize_t bytes = ::recv(child_->channel(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (bytes == 0) return false;
    if (bytes < 0) return errno == EAGAIN || errno == EINTR;
    reader_.append({buffer.data(), static_cast<size_t>(bytes)});
    taken += static_cast<size_t>(bytes);
  }
  return true;
}

bool Worker::on_frame(const std::string& body) {
  base::Json message = base::parse_json(body, "plugin channel", {.max_depth = 32, .max_bytes = options_.max_reply_bytes});
  if (!message.is_object()) throw Error("a message that is no object", "plugin channel", "report this");
  if (phase_ == Phase::starting) return on_hello(message);
  const auto id = message.find("id");
  const bool is_asked = phase_ == Phase::calling && written_ == out_.size();
  if (!is_asked || id == message.end() || !id->is_number_unsigned() || id->get<uint64_t>() != id_) {
    throw Error("a message that answers no call", "plugin channel", "report this");
  }
  phase_ = Phase::idle;
  num_timeouts_ = 0;
  reply_ = {Status::ok, std::move(message), {}};
  return true;
}

bool Worker::on_hello(const base::Json& message) {
  if (message.value("hello", base::Json()) != 1) throw Error("no greeting", "plugin channel", "report this");
  if (const auto error = message.find("error"); error != message.end()) {
    return fail(Status::error, error->is_string() ? error->get<std::string>() : error->dump());
  }
  hello_ = message;
  phase_ = Phase::idle;
  num_failed_starts_ = 0;
  if (!has_call_) return reply_.status = Status::ok, true;
  send();
  return false;
}

void Worker::give_up() {
  fail(Status::timeout, phase_ == Phase::starting ? cat("not ready within ", options_.start_timeout_s, " s")
                                                  : cat("no answer within ", options_.call_timeout_s, " s"));
}

bool Worker::fail_ended() {
  const char* when = phase_ == Phase::calling ? "during the call" : "before it was ready";
  return fail(Status::error, cat("the plugin's process ended ", when, ": ", child_->end(kGrace_ms)));
}

// Always true: the reply is there. A process that failed in a call is started again at once, so that the next call finds
// it ready; one that failed to start is tried again by the next call.
bool Worker::fail(Status status, const std::string& problem) {
  const bool was_call = phase_ == Phase::calling;
  if (was_call) count_timeouts(status);
  if (!was_call && ++num_failed_starts_ >= kMaxFailedStarts) next_start_ = Clock::now() + kStartPause;
  stop(0);
  if (was_call) start();
  reply_ = {status, {}, shortened(problem)};
  return true;
}

void Worker::count_timeouts(Status status) {
  num_timeouts_ = status == Status::timeout ? num_timeouts_ + 1 : 0;
  if (num_timeouts_ >= kMaxTimeouts) next_call_ = after(kTimeoutPause * options_.call_timeout_s);
}

void Worker::stop(int grace_ms) {
  phase_ = Phase::absent;
  out_.clear();
  written_ = 0;
  if (!child_) return;
  child_->end(grace_ms);
  keeper_.finish(*child_);
  child_.reset();
}

}  // namespace lockstep::rewards::plugins
