// SPDX-License-Identifier: Apache-2.0
// Options of the loss that exclude each other.
#include "rl/loss_config.h"

#include <vector>

#include "base/error.h"
#include "base/text.h"

namespace lockstep::rl {
namespace {

struct Rules {
  const LossConfig& config;
  const std::string& path;

  bool is(std::initializer_list<const char*> types) const {
    for (const char* type : types)
      if (config.loss_type == type) return true;
    return false;
  }
  void require(bool condition, const std::string& what, const char* field, const std::string& fix) const {
    if (!condition) throw Error(what, cat(path, "/", field), fix);
  }

  void check_ratio() const;
  void check_clips() const;
  void check_kl() const;
  void check_entropy() const;
  void check_off_policy() const;
};

void Rules::check_ratio() const {
  const auto& level = config.importance_sampling_level;
  const bool has_own = is({"gspo", "luspo", "r1"});
  const std::string own = config.loss_type == "r1" ? "product" : "sequence";
  require(!has_own || level == "token" || level == own,
          cat("loss_type ", config.loss_type, " with ratios of level ", level), "importance_sampling_level",
          cat("leave it out: ", config.loss_type, " is of level ", own));
  require(!is({"vespo", "reinforce"}) || level == "token",
          cat("loss_type ", config.loss_type, " with ratios of level ", level), "importance_sampling_level",
          is({"vespo"}) ? "leave it out: vespo weighs whole samples itself" : "leave it out: reinforce has no ratio");
}

void Rules::check_clips() const {
  const bool is_clipped = !is({"cispo", "sapo", "vespo", "reinforce"});
  require(config.loss_type != "cispo" || config.epsilon_high.has_value(),
          "loss_type cispo without the cap of its ratio", "epsilon_high", "set it; ScaleRL recommends 5");
  require(is_clipped || !config.delta, cat("loss_type ", config.loss_type, " does not clip, delta would do nothing"),
          "delta", "leave it out");
  require(is_clipped || !config.clip_ratio_c,
          cat("loss_type ", config.loss_type, " does not clip, clip_ratio_c would do nothing"), "clip_ratio_c",
          "leave it out");
  require(!config.delta || !config.clip_ratio_c, "delta and clip_ratio_c bound the same term", "clip_ratio_c",
          "keep one of them");
}

void Rules::check_kl() const {
  require(config.beta > 0 || !config.kl_loss_type, "kl_loss_type without a KL term", "kl_loss_type",
          "set beta above 0, or leave it out");
  require(config.beta > 0 || !config.use_kl_in_reward, "use_kl_in_reward with beta 0", "use_kl_in_reward",
          "set beta above 0, or leave it out");
  require(!config.use_bias_correction_kl || !config.use_kl_in_reward,
          "use_bias_correction_kl acts on a KL term in the loss, and use_kl_in_reward leaves none",
          "use_bias_correction_kl", "leave out one of them");
  require(!config.use_bias_correction_kl || config.loss_type != "reinforce",
          "use_bias_correction_kl multiplies by a ratio, and reinforce has none", "use_bias_correction_kl",
          "leave it out");
}

void Rules::check_entropy() const {
  require(config.entropy_coef_min <= config.entropy_coef_max,
          cat("entropy_coef_min ", config.entropy_coef_min, " is above entropy_coef_max ", config.entropy_coef_max),
          "entropy_coef_min", "make it smaller");
  require(!config.use_adaptive_entropy ||
              (config.entropy_coef >= config.entropy_coef_min && config.entropy_coef <= config.entropy_coef_max),
          cat("the adaptive coefficient begins at ", config.entropy_coef, ", outside of [", config.entropy_coef_min,
              ", ", config.entropy_coef_max, "]"),
          "entropy_coef", "choose it between entropy_coef_min and entropy_coef_max");
}

void Rules::check_off_policy() const {
  require(!config.importance_sampling_clip_min ||
              *config.importance_sampling_clip_min < config.importance_sampling_clip_max,
          cat("importance_sampling_clip_min ", config.importance_sampling_clip_min.value_or(0),
              " is not below importance_sampling_clip_max ", config.importance_sampling_clip_max),
          "importance_sampling_clip_min", "make it smaller");
  require(config.loss_type != "vespo" || config.importance_sampling_mode.starts_with("token_"),
          cat("loss_type vespo with importance_sampling_mode ", config.importance_sampling_mode),
          "importance_sampling_mode", "use token_truncate or token_mask: vespo makes the sample's weight itself");
}

}  // namespace

void validate(const LossConfig& config, const std::string& path) {
  const Rules rules{config, path};
  rules.check_ratio();
  rules.check_clips();
  rules.check_kl();
  rules.check_entropy();
  rules.check_off_policy();
}

}  // namespace lockstep::rl
