// SPDX-License-Identifier: Apache-2.0
// Samples to token ids, ids to scores, scores to rewards.
#include "rl/reward_model_reward.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <c10/core/Device.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/text.h"
#include "model/chat_template.h"
#include "rewards/rows/example.h"
#include "rl/exact_math.h"
#include "rl/reward_scores.h"

namespace lockstep::rl {
namespace {

// Does an id mean the same to both?
bool same_vocabulary(const model::Tokenizer& a, const model::Tokenizer& b) {
  if (a.vocab_size() != b.vocab_size()) return false;
  for (int64_t i = 0; i < a.vocab_size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    if (a.piece(id) != b.piece(id) || a.is_special(id) != b.is_special(id)) return false;
  }
  return true;
}

// What was asked: the row's messages where there are any, else the prompt's text.
std::vector<model::Message> messages_of(const rewards::Sample& sample) {
  if (sample.columns == nullptr || !sample.columns->is_object() || !sample.columns->contains("prompt")) return {{"user", std::string(sample.prompt)}};
  std::vector<model::Message> out;
  for (const auto& turn : rewards::rows::read_example({{"prompt", sample.columns->at("prompt")}}, "prompt").prompt)
    out.push_back({turn.role, turn.content});
  return out;
}

struct Sequence {
  std::vector<TokenId> prompt, completion;
};

// With the mean and the sample's standard deviation (divisor n - 1, and 1e-4 more, as GRPO's advantages in TRL): 0 where all are equal.
void standardise(std::vector<double>& values) {
  const auto count = static_cast<double>(values.size());
  double mean = 0, squares = 0;
  for (const double value : values) mean += value / count;
  for (const double value : values) squares += (value - mean) * (value - mean);
  const double deviation = values.size() > 1 ? std::sqrt(squares / (count - 1)) : 0;
  for (double& value : values) value = (value - mean) / (deviation + 1e-4);
}

class RewardModelReward final : public rewards::Reward {
 public:
  RewardModelReward(std::string name, RewardModelOptions options, const model::OpenModel& files, const model::Tokenizer* policy,
                    const std::string& where)
      : name_(std::move(name)),
        options_(std::move(options)),
        transformer_(model::load_transformer(files, {options_.dtype == "bfloat16" ? at::kBFloat16 : at::kFloat, at::Device(options_.device)})),
        tokenizer_(files.tokenizer),
        format_(options_.prompt ? options_.prompt->to_format() : model::PromptFormat{}),
        uses_ids_(policy != nullptr && !options_.prompt) {
    if (uses_ids_ && !same_vocabulary(*policy, *tokenizer_))
      throw Error("the reward model's vocabulary is not the policy's, and no prompt format is named", where + "/options/prompt",
                  "name the format that the reward model was trained with, e.g. {\"format\": \"chatml\"}");
  }

  const std::string& name() const override { return name_; }
  rewards::Score score(const rewards::Sample& sample) const override { return std::move(score_batch({&sample, 1}).front()); }

  std::vector<rewards::Score> score_batch(std::span<const rewards::Sample> samples) const override {
    std::vector<rewards::Score> out(samples.size());
    std::vector<Sequence> sequences;
    std::vector<size_t> places;  // of the sequences among the samples
    for (size_t i = 0; i < samples.size(); ++i) {
      Sequence sequence = sequence_of(samples[i]);
      const auto length = static_cast<int64_t>(sequence.prompt.size() + sequence.completion.size());
      if (length == 0 || length > transformer_.config().max_position_embeddings) {
        out[i] = {.status = rewards::Status::error,
                  .detail = cat(length, " tokens, and the reward model has ", transformer_.config().max_position_embeddings, " positions")};
        continue;
      }
      sequences.push_back(std::move(sequence));
      places.push_back(i);
    }
    const auto scores = scores_of(sequences);
    const auto values = normalised(scores);
    for (size_t i = 0; i < places.size(); ++i) {
      out[places[i]].value = values[i];
      if (values[i] != scores[i]) out[places[i]].metrics["score"] = scores[i];
    }
    return out;
  }

 private:
  Sequence sequence_of(const rewards::Sample& sample) const {
    if (uses_ids_ && !sample.prompt_ids.empty())
      return {{sample.prompt_ids.begin(), sample.prompt_ids.end()}, {sample.ids.begin(), sample.ids.end()}};
    const std::string text(sample.completion);
    auto completion = model::completion_ids(*tokenizer_, format_, text);
    // What was cut has no end.
    const auto ends = model::stop_ids(*tokenizer_, format_);
    if (!sample.is_terminated && !completion.empty() && std::find(ends.begin(), ends.end(), completion.back()) != ends.end()) completion.pop_back();
    return {model::prompt_ids(*tokenizer_, format_, messages_of(sample)), std::move(completion)};
  }

  std::vector<double> scores_of(const std::vector<Sequence>& sequences) const {
    at::set_num_threads(1);  // groups are scored side by side
    const c10::NoGradGuard no_grad;
    std::vector<PackRow> rows;
    for (size_t i = 0, first = 0; i < sequences.size(); ++i) {
      if (sequences[i].prompt != sequences[first].prompt) first = i;
      rows.push_back({&sequences[first].prompt, &sequences[i].completion, static_cast<int64_t>(first), static_cast<int64_t>(i)});
    }
    std::vector<double> out(sequences.size());
    for (const auto& micro : pack_for_scores(rows, transformer_.config().pad_token_id, {options_.max_tokens, 1, transformer_.options().device})) {
      const auto scores = micro_scores(transformer_, micro).to(at::kCPU, at::kDouble).contiguous();
      for (size_t s = 0; s < micro.samples.size(); ++s) out[static_cast<size_t>(micro.samples[s])] = scores.const_data_ptr<double>()[s];
    }
    return out;
  }

  std::vector<double> normalised(std::vector<double> values) const {
    if (options_.normalize == "batch") standardise(values);
    for (double& value : values) {
      if (options_.normalize == "sigmoid") value = sigmoid_exact(value);
      if (options_.clip > 0) value = std::clamp(value, -options_.clip, options_.clip);
    }
    return values;
  }

  std::string name_;
  RewardModelOptions options_;
  model::Transformer transformer_;
  std::shared_ptr<const model::Tokenizer> tokenizer_;
  model::PromptFormat format_;
  bool uses_ids_;
};

std::unique_ptr<rewards::Reward> make(const rewards::RewardConfig& config, const std::string& where, const model::Tokenizer* policy) {
  RewardModelOptions options;
  base::load(config.options, options, where + "/options");
  if (options.model.empty()) throw Error("no reward model is named", where + "/options/model", "give the folder of one, e.g. runs/rm/model");
  if (options.device == "cuda" && !at::hasCUDA())
    throw Error("there is no CUDA device, or this build has none", where + "/options/device", "use \"cpu\"");
  const auto files = model::open_reward_model(options.model);
  if (!files.tokenizer)
    throw Error("the reward model has no tokenizer", options.model, "put its tokenizer.json or tokenizer.model into the folder");
  return std::make_unique<RewardModelReward>(rewards::log_name(config), std::move(options), files, policy, where);
}

}  // namespace

rewards::RewardType reward_model_type(const model::Tokenizer* policy) {
  return {"reward_model", "the score of a trained reward model", base::reference<RewardModelOptions>(),
          [policy](const rewards::RewardConfig& config, const std::string& where) { return make(config, where, policy); }};
}

}  // namespace lockstep::rl
