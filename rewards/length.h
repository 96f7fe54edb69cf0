// SPDX-License-Identifier: Apache-2.0
// Rewards for the length of a completion in tokens: DAPO's punishment, the cosine of correctness, Kimi's comparison.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/config.h"
#include "rewards/builtin.h"

namespace lockstep::rewards {

struct LengthConfig {
  std::string rule = "tokens";
  int64_t max_completion_len = 20480;
  int64_t soft_punish_cache = 4096;
  int64_t max_len = 1000;
  double min_value_wrong = -1;
  double max_value_wrong = -0.5;
  double min_value_correct = 0.5;
  double max_value_correct = 1;
  base::Json correct = {{"type", "accuracy"}};
  void visit(auto&& field) {
    field("rule", rule, "tokens: their number, for the log (weight 0); soft_overlong, cosine, kimi: see length.h",
          base::one_of({"tokens", "soft_overlong", "cosine", "kimi"}));
    field("max_completion_len", max_completion_len, "soft_overlong: tokens from which the punishment is -1", base::at_least(1));
    field("soft_punish_cache", soft_punish_cache,
          "soft_overlong: tokens before it over which the punishment grows; 0: a step behind it", base::at_least(0));
    field("max_len", max_len, "cosine: tokens at which the value stops changing", base::at_least(1));
    field("min_value_wrong", min_value_wrong, "cosine: of the shortest wrong completion");
    field("max_value_wrong", max_value_wrong, "cosine: of the longest wrong completion");
    field("min_value_correct", min_value_correct, "cosine: of the longest correct completion");
    field("max_value_correct", max_value_correct, "cosine: of the shortest correct completion");
    field("correct", correct, "cosine, kimi: the reward that says what is correct (above 0), as in `rewards`");
  }
};

// DAPO eq. 13 (arXiv:2503.14476). L tokens, Lmax = max_completion_len, Lcache = soft_punish_cache: 0 up to Lmax - Lcache,
// (Lmax - Lcache - L) / Lcache up to Lmax, -1 beyond.
double soft_overlong(int64_t num_tokens, int64_t max_completion_len, int64_t soft_punish_cache);

// Demystifying long CoT (arXiv:2502.03373), its cosine reward in TRL's form: low + (high - low) (1 + cos(pi L / max_len)) / 2 with
// L at most max_len. Correct: high = max_value_correct, low = min_value_correct. Wrong: high = min_value_wrong, low =
// max_value_wrong, so that a long wrong answer costs less than a short one.
double cosine_length(int64_t num_tokens, bool is_correct, const LengthConfig& config);

// Kimi k1.5, section 2.3.3 (arXiv:2501.12599): lambda = 0.5 - (L - Lmin) / (Lmax - Lmin) over the group; correct: lambda, wrong:
// min(0, lambda). All 0 when all lengths are equal.
std::vector<double> kimi_length(std::span<const int64_t> num_tokens, const std::vector<bool>& is_correct);

// A sample whose correctness is unknown (skip, error, timeout of `correct`) has that status here too.
class LengthReward final : public NamedReward {
 public:
  // `correct` is needed by cosine and kimi only. Error (at `where`) when the cache is larger than the length.
  LengthReward(std::string name, LengthConfig config, std::unique_ptr<Reward> correct, const std::string& where);
  Score score(const Sample& sample) const override;
  std::vector<Score> score_batch(std::span<const Sample> samples) const override;
  bool scores_each_alone() const override { return false; }

 private:
  LengthConfig config_;
  std::unique_ptr<Reward> correct_;
};

}  // namespace lockstep::rewards
