// SPDX-License-Identifier: Apache-2.0
// Threads of workers, and waiting for them.
#include "tests/rollout/remote/lab.h"

#include <utility>

namespace lockstep::rollout::remote {

WorkersConfig lab_config() {
  WorkersConfig config;
  config.listen = "memory";
  config.join_timeout_s = 30;
  config.heartbeat_s = 0.02;
  config.timeout_s = 2;
  return config;
}

WorkerOptions lab_options() {
  WorkerOptions options;
  options.endpoint = "memory";
  options.name = "lab worker";
  options.hello_retry = Milliseconds(500);
  options.resend = Milliseconds(100);
  options.give_up = Milliseconds(30'000);
  return options;
}

LabWorker::LabWorker(Network& network, MakeHost make_host) : link_(network.client()), make_host_(std::move(make_host)) {
  thread_ = std::thread([this] {
    try {
      run_worker(*link_, make_host_, lab_options(), stop_);
    } catch (const Error& error) {
      error_ = error;
    }
  });
}

void LabWorker::stop() {
  stop_ = true;
  link_->wake();
  join();
}

void LabWorker::join() {
  if (thread_.joinable()) thread_.join();
}

bool becomes_true(const std::function<bool()>& condition) {
  for (const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
       std::chrono::steady_clock::now() < end;) {
    if (condition()) return true;
    std::this_thread::sleep_for(Milliseconds(1));
  }
  return false;
}

}  // namespace lockstep::rollout::remote
