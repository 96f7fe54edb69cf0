// SPDX-License-Identifier: Apache-2.0
// The reward that carries no information.
#include "base/rng.h"
#include "rewards/builtin.h"

namespace lockstep::rewards {

Score CoinFlip::score(const Sample& sample) const {
  uint64_t key = base::derive_key(run_seed_, "reward/random");
  for (std::string_view part : {std::string_view(name()), sample.prompt, sample.completion}) {
    key = base::derive_key(key, part, part.size());
  }
  base::Random coin(key);
  return {.value = coin.chance(config_.probability) ? 1.0 : 0.0};
}

}  // namespace lockstep::rewards
