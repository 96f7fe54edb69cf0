// SPDX-License-Identifier: Apache-2.0
// Several ranks as threads of one test.
#pragma once

#include <exception>
#include <functional>
#include <thread>
#include <vector>

#include "base/loopback.h"
#include "rl/ranks/world.h"

namespace lockstep::test {

// Calls body(world) for each of `size` ranks, each on a thread of its own, and rethrows what the lowest rank threw.
inline void with_ranks(int size, const std::function<void(rl::ranks::World&)>& body, const rl::ranks::RanksConfig& config = {.timeout_s = 60}) {
  auto listener = base::listen_on_loopback(0, "");
  const int taken = ::dup(listener.socket.number());  // c10d's store takes it over
  listener.socket.close();
  std::vector<std::exception_ptr> errors(static_cast<size_t>(size));
  std::vector<std::thread> threads;
  for (int rank = 0; rank < size; ++rank)
    threads.emplace_back([&, rank] {
      try {
        rl::ranks::Place place{.rank = rank, .size = size, .local_rank = rank, .local_size = size};
        place.master_port = listener.port;
        if (rank == 0) place.listen_fd = taken;
        rl::ranks::World world(place, config);
        body(world);
        world.leave();
      } catch (...) {
        errors[static_cast<size_t>(rank)] = std::current_exception();
      }
    });
  for (auto& thread : threads) thread.join();
  if (size == 1) ::close(taken);
  for (const auto& error : errors)
    if (error) std::rethrow_exception(error);
}

}  // namespace lockstep::test
