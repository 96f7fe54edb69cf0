// SPDX-License-Identifier: Apache-2.0
// The table of reward types.
#include "rewards/registry.h"

#include <array>

#include "base/error.h"
#include "base/text.h"
#include "rewards/builtin.h"
#include "rewards/math/accuracy_math.h"
#include "rewards/text_accuracy.h"

namespace lockstep::rewards {
namespace {

using RewardPtr = std::unique_ptr<Reward>;

template <class Options>
Options load_options(const RewardConfig& config, const std::string& where) {
  Options options;
  base::load(config.options, options, where + "/options");
  return options;
}

std::string log_name(const RewardConfig& config) { return config.name.empty() ? config.type : config.name; }

struct RewardKind {
  std::string_view type;
  std::string_view meaning;
  RewardPtr (*make)(const RewardConfig&, uint64_t run_seed, const std::string& where);
  std::string (*options)();
};

const std::array<RewardKind, 10> kKinds = {{
    {"accuracy", "1 when the final answer is right",
     [](const RewardConfig& c, uint64_t, const std::string& where) -> RewardPtr {
       return std::make_unique<Accuracy>(log_name(c), load_options<AccuracyConfig>(c, where));
     },
     base::reference<AccuracyConfig>},
    {"format", "1 when the completion has the asked form",
     [](const RewardConfig& c, uint64_t, const std::string& where) -> RewardPtr {
       return std::make_unique<Format>(log_name(c), load_options<FormatConfig>(c, where));
     },
     base::reference<FormatConfig>},
    {"random", "a coin flip: the control experiment",
     [](const RewardConfig& c, uint64_t run_seed, const std::string& where) -> RewardPtr {
       return std::make_unique<CoinFlip>(log_name(c), load_options<CoinFlipConfig>(c, where), run_seed);
     },
     base::reference<CoinFlipConfig>},
    {"length", "tokens of the completion, for the log (weight 0)",
     [](const RewardConfig& c, uint64_t, const std::string& where) -> RewardPtr {
       load_options<NoOptions>(c, where);
       return std::make_unique<Length>(log_name(c));
     },
     base::reference<NoOptions>},
    {"soft_overlong", "DAPO's punishment of long completions, 0 to -1",
     [](const RewardConfig& c, uint64_t, const std::string& where) -> RewardPtr {
       return std::make_unique<SoftOverlong>(log_name(c), load_options<SoftOverlongConfig>(c, where), where);
     },
     base::reference<SoftOverlongConfig>},
    {"reflection_words", "wait, however, check ... in the completion, for the log (weight 0)",
     [](const RewardConfig& c, uint64_t, const std::string& where) -> RewardPtr {
       load_options<NoOptions>(c, where);
       return std::make_unique<ReflectionWords>(log_name(c));
     },
     base::reference<NoOptions>},
    {"accuracy_math", "1 when the final answer equals the gold answer as mathematics",
     [](const RewardConfig& c, uint64_t, const std::string& where) -> RewardPtr {
       return std::make_unique<math::AccuracyMath>(log_name(c), load_options<math::AccuracyMathConfig>(c, where));
     },
     base::reference<math::AccuracyMathConfig>},
    {"accuracy_exact", "1 when the final answer is the gold answer as text",
     [](const RewardConfig& c, uint64_t, const std::string& where) -> RewardPtr {
       return std::make_unique<AccuracyExact>(log_name(c), load_options<AccuracyExactConfig>(c, where));
     },
     base::reference<AccuracyExactConfig>},
    {"accuracy_regex", "1 when what a pattern finds is the gold answer",
     [](const RewardConfig& c, uint64_t, const std::string& where) -> RewardPtr {
       return std::make_unique<AccuracyRegex>(log_name(c), load_options<AccuracyRegexConfig>(c, where), where);
     },
     base::reference<AccuracyRegexConfig>},
    {"accuracy_choice", "1 when the final answer names the right choice",
     [](const RewardConfig& c, uint64_t, const std::string& where) -> RewardPtr {
       return std::make_unique<AccuracyChoice>(log_name(c), load_options<AccuracyChoiceConfig>(c, where));
     },
     base::reference<AccuracyChoiceConfig>},
}};

}  // namespace

std::unique_ptr<Reward> make_reward(const RewardConfig& config, uint64_t run_seed, const std::string& where) {
  std::vector<std::string> types;
  for (const RewardKind& kind : kKinds) {
    if (kind.type == config.type) return kind.make(config, run_seed, where);
    types.emplace_back(kind.type);
  }
  const auto nearest = base::nearest_name(config.type, types);
  throw Error(cat("unknown reward type \"", base::printable(config.type), "\""), where + "/type",
              nearest ? cat("did you mean \"", *nearest, "\"?") : cat("the types are: ", base::join(types, ", ")));
}

std::string reward_reference() {
  std::string text;
  for (const RewardKind& kind : kKinds) text += cat(kind.type, ": ", kind.meaning, "\n", kind.options());
  return text;
}

}  // namespace lockstep::rewards
