// SPDX-License-Identifier: Apache-2.0
// Several ranks as threads of one test.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <exception>
#include <functional>
#include <thread>
#include <vector>

#include "base/file_handle.h"
#include "rl/ranks/world.h"

namespace lockstep::test {

// Calls body(world) for each of `size` ranks, each on a thread of its own, and rethrows what the lowest rank threw.
inline void with_ranks(int size, const std::function<void(rl::ranks::World&)>& body, const rl::ranks::RanksConfig& config = {.timeout_s = 60}) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);  // c10d's store takes it over
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener, generic, length) != 0 || ::listen(listener, 64) != 0 || ::getsockname(listener, generic, &length) != 0)
    throw std::runtime_error("no socket on loopback");
  std::vector<std::exception_ptr> errors(static_cast<size_t>(size));
  std::vector<std::thread> threads;
  for (int rank = 0; rank < size; ++rank)
    threads.emplace_back([&, rank] {
      try {
        rl::ranks::Place place{.rank = rank, .size = size, .local_rank = rank, .local_size = size};
        place.master_port = ntohs(address.sin_port);
        if (rank == 0) place.listen_fd = listener;
        rl::ranks::World world(place, config);
        body(world);
        world.leave();
      } catch (...) {
        errors[static_cast<size_t>(rank)] = std::current_exception();
      }
    });
  for (auto& thread : threads) thread.join();
  if (size == 1) ::close(listener);
  for (const auto& error : errors)
    if (error) std::rethrow_exception(error);
}

}  // namespace lockstep::test
