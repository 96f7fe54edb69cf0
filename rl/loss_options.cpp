// SPDX-License-Identifier: Apache-2.0
// The table of loss types, and the names of a loss config looked up in it.
#include "rl/loss_options.h"

#include <array>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/text.h"

namespace lockstep::rl {
namespace {

struct LossType {
  const char* name;
  Aggregation aggregation;
  PolicyForm form;
  std::optional<RatioLevel> level;  // of its own, whatever importance_sampling_level says
};

constexpr std::array kLossTypes = {
    LossType{"grpo", Aggregation::sample_mean, PolicyForm::clipped, {}},
    LossType{"dapo", Aggregation::token_mean, PolicyForm::clipped, {}},
    LossType{"dr_grpo", Aggregation::constant_length, PolicyForm::clipped, {}},
    LossType{"bnpo", Aggregation::call_token_mean, PolicyForm::clipped, {}},
    LossType{"cispo", Aggregation::token_mean, PolicyForm::capped, {}},
    LossType{"sapo", Aggregation::sample_mean, PolicyForm::gated, {}},
    LossType{"gspo", Aggregation::sample_mean, PolicyForm::clipped, RatioLevel::sequence},
    LossType{"luspo", Aggregation::sample_sum, PolicyForm::clipped, RatioLevel::sequence},
    LossType{"vespo", Aggregation::token_mean, PolicyForm::gamma, {}},
    LossType{"r1", Aggregation::sample_mean, PolicyForm::clipped, RatioLevel::product},
    LossType{"reinforce", Aggregation::token_mean, PolicyForm::plain, {}},
};

const LossType& loss_type(const std::string& name) {
  std::vector<std::string> names;
  for (const auto& type : kLossTypes) {
    if (name == type.name) return type;
    names.emplace_back(type.name);
  }
  throw Error(cat("unknown loss_type \"", name, "\""), "loss_type", cat("use one of ", base::join(names, ", ")));
}

RatioLevel ratio_level(const std::string& name) {
  if (name == "token") return RatioLevel::token;
  if (name == "sequence") return RatioLevel::sequence;
  if (name == "product") return RatioLevel::product;
  throw Error(cat("unknown importance_sampling_level \"", name, "\""), "importance_sampling_level",
              "use token, sequence or product");
}

PolicyOptions policy_options(const LossConfig& config, PolicyForm form) {
  PolicyOptions out;
  const double high = config.epsilon_high.value_or(config.epsilon);
  out.form = form;
  out.ratio_low = 1 - config.epsilon;
  out.ratio_high = form == PolicyForm::capped ? high : 1 + high;
  out.delta = config.delta.value_or(out.delta);
  out.dual = config.clip_ratio_c.value_or(out.dual);
  out.temperature_pos = config.sapo_temperature_pos;
  out.temperature_neg = config.sapo_temperature_neg;
  out.k_pos = config.vespo_k_pos;
  out.lambda_pos = config.vespo_lambda_pos;
  out.k_neg = config.vespo_k_neg;
  out.lambda_neg = config.vespo_lambda_neg;
  return out;
}

}  // namespace

KlEstimator kl_estimator_of(const LossConfig& config) {
  return kl_estimator(config.kl_loss_type.value_or(config.use_kl_in_reward ? "k1" : "k3"));
}

LossOptions resolve(const LossConfig& config) {
  const LossType& type = loss_type(config.loss_type);
  const RatioLevel level = ratio_level(config.importance_sampling_level);
  LossOptions out;
  out.policy = policy_options(config, type.form);
  out.aggregation = type.aggregation;
  out.level = type.level.value_or(level);
  out.beta = config.has_kl_term() ? config.beta : 0;
  out.kl = kl_estimator_of(config);
  out.corrects_kl = config.use_bias_correction_kl;
  out.correction.mode = correction_mode(config.importance_sampling_mode);
  out.correction.max = config.importance_sampling_clip_max;
  out.correction.min = config.importance_sampling_clip_min.value_or(0);
  out.off_policy_threshold = config.off_policy_mask_threshold;
  return out;
}

}  // namespace lockstep::rl
