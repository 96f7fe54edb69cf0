// SPDX-License-Identifier: Apache-2.0
// Tries, pauses, threads.
#include "rewards/plugins/http_call.h"

#include <poll.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "base/text.h"

namespace lockstep::rewards::plugins {
namespace {

using Clock = std::chrono::steady_clock;

// 0.1 s, doubled with every try, up to 10 s. False when the deadline comes first.
bool pause(int num_failures, Clock::time_point deadline) {
  const auto wanted = std::chrono::milliseconds(std::min(100 << std::min(num_failures - 1, 7), 10'000));
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
  ::poll(nullptr, 0, static_cast<int>(std::clamp<int64_t>(left.count(), 0, wanted.count())));
  return left > wanted;
}

bool is_refusal(int code) { return code >= 400 && code <= 404; }

}  // namespace

HttpOutcome http_call(const HttpCall& call, const std::function<TryResult(const std::string&, std::string&)>& read, bool gives_up_early) {
  const auto deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(call.timeout_s));
  std::string problem;
  for (int i = 0; i < call.num_tries; ++i) {
    if (i > 0 && !pause(i, deadline)) break;
    const HttpReply reply = http_post(call.url, call.json, deadline, call.fields);
    if (reply.outcome == HttpReply::Outcome::timed_out) break;
    TryResult result = TryResult::useless;
    if (reply.outcome != HttpReply::Outcome::answered) {
      problem = reply.problem;
    } else if (reply.code != 200) {
      problem = cat("HTTP code ", reply.code, ": ", base::printable(std::string_view(reply.body).substr(0, 200)));
      if (gives_up_early && is_refusal(reply.code)) result = TryResult::hopeless;
    } else {
      result = read(reply.body, problem);
    }
    if (result == TryResult::accepted) return {HttpOutcome::Kind::accepted};
    if (result == TryResult::hopeless) return {HttpOutcome::Kind::failed, problem};
    if (i + 1 == call.num_tries) return {HttpOutcome::Kind::failed, cat(call.num_tries, " tries failed: ", problem)};
  }
  const std::string before = problem.empty() ? "" : cat(", before: ", problem);
  return {HttpOutcome::Kind::timed_out, cat("no answer within ", call.timeout_s, " s", before)};
}

void http_each(size_t count, int num_connections, const std::function<void(size_t)>& work) {
  std::atomic<size_t> next = 0;
  const auto loop = [&] {
    for (size_t i = next++; i < count; i = next++) work(i);
  };
  std::vector<std::jthread> threads;
  for (size_t i = 1; i < std::min<size_t>(count, static_cast<size_t>(num_connections)); ++i) threads.emplace_back(loop);
  loop();
}

}  // namespace lockstep::rewards::plugins
