// SPDX-License-Identifier: Apache-2.0
// The table of reward types.
#include "rewards/registry.h"

#include "base/error.h"
#include "base/text.h"
#include "rewards/builtin.h"
#include "rewards/code/accuracy_code.h"
#include "rewards/language.h"
#include "rewards/length.h"
#include "rewards/math/accuracy_math.h"
#include "rewards/plugins/http_reward.h"
#include "rewards/plugins/judge_reward.h"
#include "rewards/plugins/library_reward.h"
#include "rewards/plugins/pooled_reward.h"
#include "rewards/repetition.h"
#include "rewards/row_condition.h"
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

struct RewardKind {
  std::string_view type;
  std::string_view meaning;
  RewardPtr (*make)(const RewardConfig&, uint64_t run_seed, const std::string& where);
  std::string (*options)();
};

const RewardKind kKinds[] = {
    {"accuracy", "1 when the final answer is right",
     [](const RewardConfig& c, uint64_t, const std::string& where) -> RewardPtr {
       return std::make_unique<Accuracy>(log_name(c), load_options<AccuracyConfig>(c, where));
     },
     base::reference<AccuracyConfig>},
    {"accuracy_code", "1 when the program passes its tests, in a sandbox",
     [](const RewardConfig& c, uint64_t, const std::string& where) -> RewardPtr {
       return std::make_unique<code::AccuracyCode>(log_name(c), load_options<code::CodeConfig>(c, where),
                                                   where + "/options");
     },
     base::reference<code::CodeConfig>},
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
    {"length", "tokens of the completion, and rewards made of them: soft overlong, cosine, Kimi",
     [](const RewardConfig& c, uint64_t run_seed, const std::string& where) -> RewardPtr {
       const auto options = load_options<LengthConfig>(c, where);
       RewardConfig correct;
       base::load(options.correct, correct, where + "/options/correct");
       const bool needs_correct = options.rule == "cosine" || options.rule == "kimi";
       RewardPtr inner = needs_correct ? make_reward(correct, run_seed, where + "/options/correct") : nullptr;
       return std::make_unique<LengthReward>(log_name(c), options, std::move(inner), where);
     },
     base::reference<LengthConfig>},
    {"repetition", "the share of repeated n-grams, as a punishment",
     [](const RewardConfig& c, uint64_t, const std::string& where) -> RewardPtr {
       return std::make_unique<Repetition>(log_name(c), load_options<RepetitionConfig>(c, where));
     },
     base::reference<RepetitionConfig>},
    {"language", "the share of the thought's words that are in one language",
     [](const RewardConfig& c, uint64_t, const std::string& where) -> RewardPtr {
       return std::make_unique<Language>(log_name(c), load_options<LanguageConfig>(c, where));
     },
     base::reference<LanguageConfig>},
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
    {"python", "a Python function as TRL's or verl's, in processes of its own",
     [](const RewardConfig& c, uint64_t, const std::string& where) -> RewardPtr {
       return plugins::make_python_reward(log_name(c), load_options<plugins::PythonConfig>(c, where), where);
     },
     base::reference<plugins::PythonConfig>},
    {"library", "a shared library through the C ABI, in a process of its own",
     [](const RewardConfig& c, uint64_t, const std::string& where) -> RewardPtr {
       return plugins::make_library_reward(log_name(c), load_options<plugins::LibraryConfig>(c, where), where);
     },
     base::reference<plugins::LibraryConfig>},
    {"http", "a service in OpenRLHF's or slime's form",
     [](const RewardConfig& c, uint64_t, const std::string& where) -> RewardPtr {
       return plugins::make_http_reward(log_name(c), load_options<plugins::HttpConfig>(c, where), where);
     },
     base::reference<plugins::HttpConfig>},
    {"judge", "a model behind an OpenAI-compatible endpoint grades the completion",
     [](const RewardConfig& c, uint64_t, const std::string& where) -> RewardPtr {
       return plugins::make_judge_reward(log_name(c), load_options<plugins::JudgeConfig>(c, where), where);
     },
     base::reference<plugins::JudgeConfig>},
};

RewardPtr make_unconditional(const RewardConfig& config, uint64_t run_seed, const std::string& where, const std::vector<RewardType>& more) {
  std::vector<std::string> types;
  for (const RewardKind& kind : kKinds) {
    if (kind.type == config.type) return kind.make(config, run_seed, where);
    types.emplace_back(kind.type);
  }
  for (const RewardType& other : more) {
    if (other.type == config.type) return other.make(config, where);
    types.push_back(other.type);
  }
  const auto nearest = base::nearest_name(config.type, types);
  throw Error(cat("unknown reward type \"", base::printable(config.type), "\""), where + "/type",
              nearest ? cat("did you mean \"", *nearest, "\"?") : cat("the types are: ", base::join(types, ", ")));
}

}  // namespace

std::string log_name(const RewardConfig& config) { return config.name.empty() ? config.type : config.name; }

std::unique_ptr<Reward> make_reward(const RewardConfig& config, uint64_t run_seed, const std::string& where,
                                    const std::vector<RewardType>& more) {
  RowCondition condition(config.where, where + "/where");
  RewardPtr reward = make_unconditional(config, run_seed, where, more);
  return condition.is_empty() ? std::move(reward) : make_conditional_reward(std::move(reward), std::move(condition));
}

std::string reward_reference(const std::vector<RewardType>& more) {
  std::string text;
  for (const RewardKind& kind : kKinds) text += cat(kind.type, ": ", kind.meaning, "\n", kind.options());
  for (const RewardType& other : more) text += cat(other.type, ": ", other.meaning, "\n", other.options);
  return text;
}

}  // namespace lockstep::rewards
