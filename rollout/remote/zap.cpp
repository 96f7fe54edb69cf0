// SPDX-License-Identifier: Apache-2.0
// A request is refused unless every part of it is as it should be.
#include "rollout/remote/zap.h"

#include <zmq.h>

#include <array>
#include <cstdint>

#include "base/text.h"

namespace lockstep::rollout::remote {
namespace {

constexpr size_t kKeyBytes = 32;

std::string z85_of(const std::string& key) {
  std::array<char, 41> text{};
  const bool is_key = key.size() == kKeyBytes &&
                      ::zmq_z85_encode(text.data(), reinterpret_cast<const uint8_t*>(key.data()), kKeyBytes) != nullptr;
  return is_key ? text.data() : "";
}

}  // namespace

AllowList::AllowList(const std::vector<AllowedKey>& keys) {
  for (const AllowedKey& key : keys) names_.emplace(key.public_key, key.name);
}

AllowList::Answer AllowList::answer(const std::vector<std::string>& request) const {
  if (request.size() < 2 || request[0] != "1.0") return {.reply = {}, .refusal = "a malformed question from libzmq"};
  const auto reply = [&](const char* status, const char* text, const std::string& user) {
    return std::vector<std::string>{"1.0", request[1], status, text, user, ""};
  };
  const auto refuse = [&](std::string reason) {
    return Answer{.reply = reply("400", "refused", ""), .refusal = std::move(reason)};
  };
  if (request.size() != 7 || request[2] != kZapDomain || request[5] != "CURVE") return refuse("it gave no key");
  const std::string key = z85_of(request[6]);
  const auto found = names_.find(key);
  if (key.empty() || found == names_.end()) {
    return refuse(cat(base::printable(request[3]), " has a key that is not on the allow list: ", key));
  }
  return {.reply = reply("200", "OK", found->second.empty() ? key : found->second), .refusal = ""};
}

}  // namespace lockstep::rollout::remote
