// SPDX-License-Identifier: Apache-2.0
// socket, bind, listen, getsockname.
#include "base/loopback.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/text.h"

namespace lockstep::base {

Listener listen_on_loopback(uint16_t port, const std::string& fix) {
  Listener out{FileHandle(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), port};
  const int number = out.socket.number(), on = 1;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  const bool is_listening = number >= 0 && ::setsockopt(number, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
                            ::bind(number, generic, size) == 0 && ::listen(number, SOMAXCONN) == 0 && ::getsockname(number, generic, &size) == 0;
  if (!is_listening) throw Error(cat("cannot listen: ", ::strerror(errno)), cat("127.0.0.1:", port), fix);
  out.port = ntohs(address.sin_port);
  return out;
}

}  // namespace lockstep::base
