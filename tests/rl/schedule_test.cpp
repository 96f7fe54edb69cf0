// SPDX-License-Identifier: Apache-2.0
// Learning-rate schedules: shapes, ends, monotony, and values computed by hand.
#include "rl/schedule.h"

#include <doctest/doctest.h>

#include "tests/support/errors.h"

namespace lockstep {
using rl::learning_rate;
using rl::ScheduleConfig;

TEST_CASE("schedule: constant ignores warm-up") {
  const ScheduleConfig config{.learning_rate = 3e-4, .warmup_steps = 10};
  CHECK(learning_rate(config, 0, 100) == 3e-4);
  CHECK(learning_rate(config, 99, 100) == 3e-4);
}

TEST_CASE("schedule: warm-up rises linearly from peak / n, is never zero, and reaches the peak at its last step") {
  for (const char* type : {"constant_with_warmup", "linear", "cosine", "wsd"}) {
    const ScheduleConfig config{.learning_rate = 2e-3, .lr_scheduler_type = type, .warmup_steps = 4};
    CHECK(learning_rate(config, 0, 100) == 0.5e-3);
    CHECK(learning_rate(config, 1, 100) == 1.0e-3);
    CHECK(learning_rate(config, 3, 100) == 2e-3);
    CHECK(learning_rate(config, 4, 100) == 2e-3);
  }
}

TEST_CASE("schedule: linear and cosine pass half way at the middle and end at the final ratio") {
  for (const char* type : {"linear", "cosine"}) {
    const ScheduleConfig config{
        .learning_rate = 5e-5, .lr_scheduler_type = type, .warmup_steps = 10, .final_lr_ratio = 0.1};
    CHECK(learning_rate(config, 60, 110) == doctest::Approx(0.55 * 5e-5).epsilon(1e-12));
    CHECK(learning_rate(config, 110, 110) == doctest::Approx(5e-6).epsilon(1e-12));
    CHECK(learning_rate(config, 500, 110) == learning_rate(config, 110, 110));
  }
}

TEST_CASE("schedule: wsd is constant to decay_start and then falls linearly to the final ratio") {
  const ScheduleConfig config{.learning_rate = 2e-3,
                              .lr_scheduler_type = "wsd",
                              .warmup_steps = 100,
                              .decay_start = 0.5,
                              .final_lr_ratio = 0.05};
  CHECK(learning_rate(config, 100, 2300) == 2e-3);
  CHECK(learning_rate(config, 1150, 2300) == 2e-3);
  CHECK(learning_rate(config, 1725, 2300) == doctest::Approx(2e-3 * 0.525).epsilon(1e-12));
  CHECK(learning_rate(config, 2300, 2300) == doctest::Approx(1e-4).epsilon(1e-12));
}

TEST_CASE("schedule: after warm-up no schedule ever rises or leaves [final, peak]") {
  for (const char* type : {"constant_with_warmup", "linear", "cosine", "wsd"}) {
    const ScheduleConfig config{
        .learning_rate = 1e-3, .lr_scheduler_type = type, .warmup_steps = 7, .final_lr_ratio = 0.2};
    double before = learning_rate(config, 6, 101);
    for (int64_t step = 7; step <= 101; ++step) {
      const double rate = learning_rate(config, step, 101);
      CHECK(rate <= before);
      CHECK(rate >= 0.2e-3 * (1 - 1e-12));
      before = rate;
    }
  }
}

TEST_CASE("schedule: warm-up longer than the run, and a run without steps, are still defined") {
  const ScheduleConfig config{.learning_rate = 1.0, .lr_scheduler_type = "linear", .warmup_steps = 10};
  CHECK(learning_rate(config, 4, 5) == 0.5);
  CHECK(learning_rate(config, 20, 5) == 0.0);
}

TEST_CASE("schedule: an unknown type is an Error that lists the types") {
  const ScheduleConfig config{.lr_scheduler_type = "cosin"};
  test::check_error([&] { learning_rate(config, 0, 10); }, "unknown lr_scheduler_type \"cosin\"",
                    "schedule.lr_scheduler_type", "use constant, constant_with_warmup, linear, cosine or wsd");
}

}  // namespace lockstep
