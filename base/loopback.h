// SPDX-License-Identifier: Apache-2.0
// A listening socket that only programs of this machine can reach.
#pragma once

#include <cstdint>
#include <string>

#include "base/file_handle.h"

namespace lockstep::base {

struct Listener {
  FileHandle socket;  // close-on-exec, blocking
  uint16_t port = 0;
};

// Listens at 127.0.0.1; port 0 takes a free one, and no other program can get it meanwhile. A port that was in use a moment ago can be
// taken again. Error at 127.0.0.1:port with errno's meaning and this fix.
Listener listen_on_loopback(uint16_t port, const std::string& fix);

}  // namespace lockstep::base
