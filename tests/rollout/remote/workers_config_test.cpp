// SPDX-License-Identifier: Apache-2.0
// The config of workers is whole: every member has a meaning and a range.
#include "rollout/remote/workers_config.h"

#include <doctest/doctest.h>

#include "tests/support/errors.h"

namespace lockstep::rollout::remote {

TEST_CASE("workers config: visit names every member") {
  CHECK(base::visited<WorkersConfig>() == base::arity<WorkersConfig>());
}

TEST_CASE("workers config: what cannot work is refused by name") {
  const auto loading = [](const char* text) {
    return [text] {
      WorkersConfig config;
      base::load(base::parse_json(text, ""), config);
    };
  };
  test::check_error(loading(R"({"min_workers": 0})"), "0", "/min_workers", "1");
  test::check_error(loading(R"({"heartbeat_s": 0})"), "0", "/heartbeat_s", "0.001");
  test::check_error(loading(R"({"unit_timeout_s": -1})"), "-1", "/unit_timeout_s", "0");
  test::check_error(loading(R"({"timeout": 1})"), "timeout", "", "timeout_s");
}

}  // namespace lockstep::rollout::remote
