// SPDX-License-Identifier: Apache-2.0
// Answers about keys: the listed ones in, everything else out, malformed questions too.
#include "rollout/remote/zap.h"

#include <doctest/doctest.h>
#include <zmq.h>

namespace lockstep::rollout::remote {
namespace {

using Parts = std::vector<std::string>;

std::string key_bytes(const std::string& z85) {
  std::string bytes(32, '\0');
  ::zmq_z85_decode(reinterpret_cast<uint8_t*>(bytes.data()), z85.c_str());
  return bytes;
}

Parts request(const std::string& key) { return {"1.0", "id-7", kZapDomain, "10.1.2.3", "", "CURVE", key_bytes(key)}; }

TEST_CASE("zap: listed keys are let in under their name, or their key when they have none") {
  const std::string named = generate_keys().public_key, unnamed = generate_keys().public_key;
  const AllowList list({{named, "worker 1"}, {unnamed, ""}});
  CHECK(list.answer(request(named)).reply == Parts{"1.0", "id-7", "200", "OK", "worker 1", ""});
  CHECK(list.answer(request(unnamed)).reply == Parts{"1.0", "id-7", "200", "OK", unnamed, ""});
  CHECK(list.answer(request(named)).refusal.empty());
}

TEST_CASE("zap: other keys are refused by address and key, and an empty list lets nobody in") {
  const std::string listed = generate_keys().public_key, other = generate_keys().public_key;
  const AllowList list({{listed, "worker 1"}}), nobody({});
  const Parts refused = {"1.0", "id-7", "400", "refused", "", ""};
  CHECK(list.answer(request(other)).reply == refused);
  CHECK(list.answer(request(other)).refusal == "10.1.2.3 has a key that is not on the allow list: " + other);
  CHECK(nobody.answer(request(listed)).reply == refused);
}

TEST_CASE("zap: a question with another version, domain, mechanism, number of parts or length of key lets nobody in") {
  const std::string key = generate_keys().public_key;
  const AllowList list({{key, "worker 1"}});
  for (size_t part = 2; part < 7; ++part) {
    if (part == 3 || part == 4) continue;  // address and routing id may be anything
    Parts wrong = request(key);
    wrong[part] += "x";
    CAPTURE(part);
    REQUIRE(list.answer(wrong).reply.size() == 6);
    CHECK(list.answer(wrong).reply[2] == "400");
    CHECK_FALSE(list.answer(wrong).refusal.empty());
  }
  for (size_t size = 2; size < 9; ++size) {
    if (size == 7) continue;
    Parts wrong = request(key);
    wrong.resize(size);
    CHECK(list.answer(wrong).reply[2] == "400");
  }
  for (const Parts& hopeless : {Parts{}, Parts{"1.0"}, Parts{"2.0", "id-7", "", "", "", "CURVE", key_bytes(key)}}) {
    CHECK(list.answer(hopeless).reply.empty());
    CHECK(list.answer(hopeless).refusal == "a malformed question from libzmq");
  }
}

}  // namespace
}  // namespace lockstep::rollout::remote
