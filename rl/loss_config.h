// SPDX-License-Identifier: Apache-2.0
// What a user chooses about the loss: names and defaults are TRL's where TRL has the option, else verl's or the paper's.
#pragma once

#include <optional>
#include <string>

#include "base/config.h"

namespace lockstep::rl {

struct LossConfig {
  double beta = 0.0;
  double epsilon = 0.2;
  std::optional<double> epsilon_high = {};
  std::optional<double> delta = {};
  std::optional<double> clip_ratio_c = {};
  std::string loss_type = "grpo";
  std::string importance_sampling_level = "token";
  double sapo_temperature_pos = 1.0, sapo_temperature_neg = 1.05;
  double vespo_k_pos = 2.0, vespo_lambda_pos = 3.0, vespo_k_neg = 3.0, vespo_lambda_neg = 2.0;
  std::optional<std::string> kl_loss_type = {};
  bool use_kl_in_reward = false;
  bool use_bias_correction_kl = false;
  double entropy_coef = 0.0;
  bool use_adaptive_entropy = false;
  double entropy_coef_min = 0.0, entropy_coef_max = 1.0, entropy_coef_delta = 0.005, entropy_target = 0.2;
  double top_entropy_quantile = 1.0;
  std::string importance_sampling_correction = "auto";
  std::string importance_sampling_mode = "token_truncate";
  double importance_sampling_clip_max = 3.0;
  std::optional<double> importance_sampling_clip_min = {};
  std::optional<double> off_policy_mask_threshold = {};

  bool has_entropy_bonus() const { return entropy_coef != 0 || use_adaptive_entropy; }
  bool needs_reference() const { return beta > 0; }
  bool has_kl_term() const { return beta > 0 && !use_kl_in_reward; }

  void visit(auto&& field) {
    visit_policy(field);
    visit_kl(field);
    visit_entropy(field);
    visit_off_policy(field);
  }

 private:
  void visit_policy(auto&& field) {
    field("beta", beta, "weight of the KL term; 0 loads no reference model (DeepSeekMath 0.04, R1 0.001)", at_least(0));
    field("epsilon", epsilon, "the ratio is clipped below at 1 - epsilon (R1 stage 1 uses 10)", above(0));
    field("epsilon_high", epsilon_high,
          "the ratio is clipped above at 1 + epsilon_high; unset = epsilon (DAPO 0.28); cispo: the cap of the ratio itself (5)", above(0));
    field("delta", delta, "two-sided clip: upper bound of the ratio whatever the sign of the advantage; unset = none",
          above(1));
    field("clip_ratio_c", clip_ratio_c, "dual clip: for A < 0 the objective is at least clip_ratio_c A (verl 3); unset = none", above(1));
    field("loss_type", loss_type, "the term of a token and its share of the whole; see rl/loss.h",
          one_of({"grpo", "dapo", "dr_grpo", "bnpo", "cispo", "sapo", "gspo", "luspo", "vespo", "r1", "reinforce"}));
    field("importance_sampling_level", importance_sampling_level,
          "ratio of a token, geometric mean over the sample (GSPO), or product over the sample (R1 eq. 1); gspo, luspo and r1 have their own",
          one_of({"token", "sequence", "product"}));
    field("sapo_temperature_pos", sapo_temperature_pos, "sapo: temperature of the gate where A > 0", above(0));
    field("sapo_temperature_neg", sapo_temperature_neg, "sapo: temperature of the gate where A <= 0", above(0));
    field("vespo_k_pos", vespo_k_pos, "vespo: exponent of the sample's ratio where A >= 0", at_least(0));
    field("vespo_lambda_pos", vespo_lambda_pos, "vespo: decay in the sample's ratio where A >= 0", at_least(0));
    field("vespo_k_neg", vespo_k_neg, "vespo: exponent of the sample's ratio where A < 0", at_least(0));
    field("vespo_lambda_neg", vespo_lambda_neg, "vespo: decay in the sample's ratio where A < 0", at_least(0));
  }
  void visit_kl(auto&& field) {
    field("kl_loss_type", kl_loss_type, "estimator of the KL (verl: kl, mse, low_var_kl); unset = k3 in the loss, k1 in the reward",
          one_of({"k1", "k2", "k3"}));
    field("use_kl_in_reward", use_kl_in_reward,
          "beta times the sample's summed KL is subtracted from its reward before advantages, and is no part of the loss", any());
    field("use_bias_correction_kl", use_bias_correction_kl,
          "multiply the KL term by the ratio (TRL 1.16's default; not in DeepSeekMath)", any());
  }
  void visit_entropy(auto&& field) {
    field("entropy_coef", entropy_coef, "weight of the bonus on the mean entropy of a token, in nats", at_least(0));
    field("use_adaptive_entropy", use_adaptive_entropy,
          "entropy_coef rises by entropy_coef_delta after an update whose entropy is at most entropy_target, and falls after others; "
          "applied only while at or below the target", any());
    field("entropy_coef_min", entropy_coef_min, "lower bound of the adaptive coefficient", at_least(0));
    field("entropy_coef_max", entropy_coef_max, "upper bound of the adaptive coefficient", at_least(0));
    field("entropy_coef_delta", entropy_coef_delta, "step of the adaptive coefficient", above(0));
    field("entropy_target", entropy_target, "mean entropy of a token to hold, in nats", above(0));
    field("top_entropy_quantile", top_entropy_quantile,
          "share of an update's tokens, those of the highest entropy, that keep their policy term (arXiv:2506.01939: 0.2); 1 = all, "
          "less costs a forward pass", between(0, 1));
  }
  void visit_off_policy(auto&& field) {
    field("importance_sampling_correction", importance_sampling_correction,
          "weigh by pi_old / pi_sampler: auto = where the sampler's weights are not the learner's (quantised), on = always, off = never "
          "(the sampler counts as the old policy)", one_of({"auto", "on", "off"}));
    field("importance_sampling_mode", importance_sampling_mode,
          "that ratio of a token or of the sample, truncated to its bounds or zero outside of them",
          one_of({"token_truncate", "token_mask", "sequence_truncate", "sequence_mask"}));
    field("importance_sampling_clip_max", importance_sampling_clip_max, "upper bound of pi_old / pi_sampler", above(0));
    field("importance_sampling_clip_min", importance_sampling_clip_min, "lower bound of pi_old / pi_sampler; unset = none", at_least(0));
    field("off_policy_mask_threshold", off_policy_mask_threshold,
          "a sample with A < 0 whose mean log(pi_sampler / pi) exceeds this has no policy term (DeepSeek-V3.2 eq. 9); unset = none", above(0));
  }
};

// Rules across these fields. Error with `path` in front of the field's name.
void validate(const LossConfig& config, const std::string& path);

}  // namespace lockstep::rl
