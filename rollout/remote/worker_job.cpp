// SPDX-License-Identifier: Apache-2.0
// The three jobs, and their Errors as events.
#include "rollout/remote/worker_job.h"

#include <mutex>
#include <utility>

#include "base/text.h"

namespace lockstep::rollout::remote {
namespace {

using Report = std::function<void(JobEvent&&)>;

void build(const BuildJob& job, const MakeHost& make_host, JobDone& done) { done.host = make_host(job.welcome); }

void check(const CheckJob& job, JobDone& done) {
  const auto tensors = job.host->tensors();
  if (!job.path.empty()) done.damage = read_weights(job.path, WeightsWriter(tensors));
  if (done.damage) return;
  base::ThreadPool pool(job.threads);
  if (digest_of({tensors.begin(), tensors.end()}, pool) != job.sha256)
    done.damage = "they have another checksum than the trainer's";
}

// The last unit waits for the counts, which are there when generate has returned.
void draw(const DrawJob& job, const Report& report) {
  Engine& engine = job.host->engine();
  const Work& first = job.batch.front();
  engine.publish(first.version);
  std::vector<Request> requests;
  for (const Work& work : job.batch) requests.push_back(work.request);
  std::mutex mutex;
  size_t num_finished = 0;
  std::optional<Result> last;
  const auto on_finished = [&](size_t i, const Group& group) {
    const std::lock_guard lock(mutex);
    Result result{first.call, job.batch[i].unit, group};
    if (++num_finished == job.batch.size()) {
      last = std::move(result);
    } else {
      report(UnitDone{std::move(result)});
    }
  };
  engine.generate(requests, first.sampling, first.seed, on_finished);
  if (!last) return;  // it was stopped
  last->decode_steps = engine.stats().decode_steps;
  last->preempted = engine.stats().preempted;
  last->peak_cache_rows = engine.stats().peak_cache_rows;
  last->draws = engine.stats().draws;
  last->draft_tokens = engine.stats().draft_tokens;
  last->accepted_tokens = engine.stats().accepted_tokens;
  last->expert_load = engine.stats().expert_load;
  report(UnitDone{std::move(*last)});
}

}  // namespace

void do_job(Job& job, const MakeHost& make_host, const Report& report) {
  JobDone done;
  try {
    if (const auto* to_build = std::get_if<BuildJob>(&job)) build(*to_build, make_host, done);
    if (const auto* to_check = std::get_if<CheckJob>(&job)) check(*to_check, done);
    if (const auto* to_draw = std::get_if<DrawJob>(&job)) draw(*to_draw, report);
  } catch (const Error& error) {
    done.error = error;
  } catch (const std::exception& error) {
    done.error =
        Error(error.what(), "rollout worker", "see the worker's log; this is a fault of the program or the machine");
  }
  report(std::move(done));
}

}  // namespace lockstep::rollout::remote
