// SPDX-License-Identifier: Apache-2.0
// The handler does the one thing that is safe in a handler: it stores to a lock-free atomic.
#include "base/signal.h"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <initializer_list>

#include "base/file_handle.h"

namespace lockstep::base {
namespace {

std::atomic<int> first_signal{0};
std::atomic<bool> is_requested{false};
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<bool>::is_always_lock_free);

void remember(int number) {
  int none = 0;
  first_signal.compare_exchange_strong(none, number);
  is_requested.store(true);
}

}  // namespace

void install_stop_signals() {
  for (const int number : {SIGINT, SIGTERM, SIGUSR1}) {
    struct sigaction action {};
    action.sa_handler = remember;
    action.sa_flags = SA_RESTART | (number == SIGINT ? static_cast<int>(SA_RESETHAND) : 0);
    ::sigemptyset(&action.sa_mask);
    if (::sigaction(number, &action, nullptr) != 0) throw_errno("install a signal handler", "sigaction", errno);
  }
}

bool stop_requested() { return is_requested.load(); }
const std::atomic<bool>& stop_flag() { return is_requested; }
int stop_signal() { return first_signal.load(); }
void forget_stop() {
  first_signal.store(0);
  is_requested.store(false);
}

}  // namespace lockstep::base
