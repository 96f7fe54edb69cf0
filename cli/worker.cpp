// SPDX-License-Identifier: Apache-2.0
// `lockstep worker`: draws completions for a training run elsewhere.
#include <ATen/Parallel.h>
#include <unistd.h>

#include "base/build_info.h"
#include "base/log.h"
#include "base/signal.h"
#include "base/text.h"
#include "base/thread_pool.h"
#include "cli/verb.h"
#include "kernels/cpu/isa.h"
#include "rollout/remote/worker.h"
#include "rollout/remote/zmq_link.h"
#include "rollout/transformer_host.h"

namespace lockstep::cli {
namespace {

namespace remote = rollout::remote;

std::string host_name() {
  char name[256] = "";
  gethostname(name, sizeof name - 1);
  return cat(name, ":", getpid());
}

remote::ClientLinkOptions link_options(const Arguments& arguments) {
  remote::ClientLinkOptions options;
  options.endpoint = *arguments.value("connect");
  if (const auto key = arguments.value("key")) options.keys = remote::read_keys(*key);
  if (const auto server = arguments.value("server-key")) options.server_key = remote::read_public_key(*server);
  options.insecure_lab = arguments.has("insecure-lab");
  return options;
}

ExitCode run(const Arguments& arguments) {
  at::set_num_threads(1);  // lanes are the parallelism
  base::ThreadPool pool(static_cast<int>(arguments.integer_or("threads", base::default_num_threads(), 1, 4096)));
  remote::ZmqClientLink link(link_options(arguments));
  const auto& build = base::build_info();
  remote::WorkerOptions options;
  options.endpoint = *arguments.value("connect");
  options.name = arguments.value_or("name", host_name());
  options.build = cat(build.version, " ", build.commit);
  options.isa = std::string(kernels::cpu::isa_name(kernels::cpu::isa()));
  options.threads = pool.num_threads();
  options.give_up = remote::Milliseconds(1000 * arguments.integer_or("give-up", 600, 1, 1 << 20));
  base::install_stop_signals();
  base::log_info(cat("worker ", options.name, ": ", pool.num_threads(), " threads, ", options.isa, ", for ", options.endpoint));
  remote::run_worker(
      link, [&](const remote::Welcome& welcome) { return std::make_unique<rollout::TransformerHost>(welcome, pool); }, options,
      base::stop_flag());
  return ExitCode::done;
}

}  // namespace

Verb worker_verb() {
  std::vector<Option> options = {
      {.name = "connect", .value = "ENDPOINT", .meaning = "the trainer's workers.listen, e.g. tcp://127.0.0.1:5570", .is_required = true},
      {.name = "key", .value = "FILE", .meaning = "this worker's secret key, of `lockstep keygen`"},
      {.name = "server-key", .value = "FILE", .meaning = "the trainer's public key"},
      {.name = "insecure-lab", .meaning = "connect beyond this machine without keys"},
      {.name = "threads", .value = "N", .meaning = "default: as many as the machine has"},
      {.name = "name", .value = "NAME", .meaning = "for the trainer's log (default: host and process)"},
      {.name = "give-up", .value = "SECONDS", .meaning = "end after so long without the trainer (default 600)"}};
  return {.name = "worker",
          .summary = "draw completions for a training run on this or another machine",
          .usage = {.options = options,
                    .notes = "Model and weights come from the trainer. Completions are, bit for bit, those that the trainer would draw\n"
                             "itself; workers may come and go at any time.\n"},
          .run = run};
}

}  // namespace lockstep::cli
