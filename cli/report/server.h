// SPDX-License-Identifier: Apache-2.0
// An HTTP server on the loopback interface, one thread, bounded in connections, bytes and time.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>

#include "base/file_handle.h"
#include "cli/report/http.h"

namespace lockstep::cli::report {

struct ServerLimits {
  size_t max_connections = 32;                      // more wait in the kernel's queue
  std::chrono::milliseconds request_time{5'000};    // from connecting to the end of the request's head
  std::chrono::milliseconds response_time{30'000};  // to take the response
};

class Server {
 public:
  using Handler = std::function<HttpResponse(const HttpRequest&)>;

  // Listens on 127.0.0.1; port 0 takes a free one. Error when the port is taken.
  explicit Server(uint16_t port, const ServerLimits& limits = {});
  uint16_t port() const { return port_; }

  // Serves until `stop`, looked at every 200 ms. An exception of the handler is status 500, and told to `on_fault`.
  void run(const Handler& handler, const std::atomic<bool>& stop, const std::function<void(const char*)>& on_fault);

 private:
  base::FileHandle listener_;
  ServerLimits limits_;
  uint16_t port_ = 0;
};

}  // namespace lockstep::cli::report
