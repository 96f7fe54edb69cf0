// SPDX-License-Identifier: Apache-2.0
// Who may connect: the answers to libzmq's questions about a peer's key (ZeroMQ RFC 27, ZAP).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "rollout/remote/keys.h"

namespace lockstep::rollout::remote {

inline constexpr const char* kZapEndpoint = "inproc://zeromq.zap.01";
inline constexpr const char* kZapDomain = "lockstep";
inline constexpr size_t kMaxZapParts = 8;

class AllowList {
 public:
  explicit AllowList(const std::vector<AllowedKey>& keys);

  struct Answer {
    std::vector<std::string> reply;  // the parts to send back; empty when the request cannot be answered at all
    std::string refusal;             // why the peer was refused, for the log; empty when it may connect
  };
  // To the parts of a request: version, request id, domain, address, routing id, mechanism, the peer's public key.
  Answer answer(const std::vector<std::string>& request) const;

 private:
  std::map<std::string, std::string, std::less<>> names_;  // by Z85 key
};

}  // namespace lockstep::rollout::remote
