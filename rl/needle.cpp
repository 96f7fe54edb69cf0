// SPDX-License-Identifier: Apache-2.0
// Prompts of a given number of tokens with a needle in them, and what the model makes of them.
#include "rl/needle.h"

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "base/rng.h"
#include "base/text.h"
#include "model/chat_template.h"
#include "rewards/tasks/needle.h"
#include "rewards/tasks/split.h"

namespace lockstep::rl {
namespace {

struct NeedlePrompt {
  std::vector<TokenId> ids;
  std::string key;
};

class PromptMaker {
 public:
  PromptMaker(const model::Tokenizer& tokenizer, const NeedleOptions& options)
      : tokenizer_(tokenizer), options_(options), format_(options.format.to_format()) {}

  // The longest prompt of at most `limit` tokens, or one that is nearly as long.
  NeedlePrompt make(uint64_t key, double depth, int64_t limit) const {
    NeedlePrompt best = with_words(key, depth, 0);
    if (tokens(best) > limit)
      throw Error(cat("the needle and its question alone have ", tokens(best), " tokens, ", limit, " are left for them"), "--lengths",
                  "ask for longer prompts, or a key of fewer digits");
    const int64_t empty = tokens(best), slack = std::max<int64_t>(4, limit / 100);
    int64_t fits = 0, too_many = limit + 1;  // a word has at least one token
    double per_word = 2;
    while (too_many - fits > 1 && limit - tokens(best) > slack) {
      const auto guess = static_cast<int64_t>(static_cast<double>(limit - empty) / per_word);
      const int64_t words = std::clamp(guess, fits + 1, too_many - 1);
      auto prompt = with_words(key, depth, words);
      per_word = std::max(0.5, static_cast<double>(tokens(prompt) - empty) / static_cast<double>(words));
      if (tokens(prompt) > limit) {
        too_many = words;
      } else {
        fits = words;
        best = std::move(prompt);
      }
    }
    return best;
  }

 private:
  static int64_t tokens(const NeedlePrompt& prompt) { return static_cast<int64_t>(prompt.ids.size()); }

  NeedlePrompt with_words(uint64_t key, double depth, int64_t words) const {
    const auto text = rewards::needle_text(key, words, depth, options_.digits, options_.is_dialogue);
    return {model::prompt_ids(tokenizer_, format_, {{"user", rewards::needle_prompt(text, options_.is_dialogue)}}), text.key};
  }

  const model::Tokenizer& tokenizer_;
  const NeedleOptions& options_;
  model::PromptFormat format_;
};

// Keys are drawn until one belongs to the eval split: one in ten does.
uint64_t eval_key(uint64_t seed, uint64_t trial, int64_t digits) {
  constexpr uint64_t kMostDraws = 10'000;
  for (uint64_t draw = 0; draw < kMostDraws; ++draw) {
    const uint64_t key = base::derive_key(seed, "needle", trial, draw);
    const auto text = rewards::needle_text(key, 0, 0, digits, true);
    if (rewards::split_of(text.key) == rewards::Split::eval) return key;
  }
  throw Error(cat("no key of ", digits, " digits belongs to the eval split"), "--digits", "ask for more digits");
}

std::string first_number(const std::string& text) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto begin = std::find_if(text.begin(), text.end(), is_digit);
  return {begin, std::find_if_not(begin, text.end(), is_digit)};
}

}  // namespace

double NeedleGrid::mean() const {
  const auto shares = by_length();
  return std::accumulate(shares.begin(), shares.end(), 0.0) / static_cast<double>(std::max<size_t>(1, shares.size()));
}

std::vector<double> NeedleGrid::by_length() const {
  std::vector<double> out(prompt_tokens.size());
  for (const auto& row : score)
    for (size_t l = 0; l < row.size(); ++l) out[l] += row[l] / static_cast<double>(score.size());
  return out;
}

int64_t needle_answer_tokens(int64_t digits) { return digits + 8; }

NeedleGrid run_needle(rollout::Engine& engine, const model::Tokenizer& tokenizer, const NeedleOptions& options) {
  const PromptMaker maker(tokenizer, options);
  const auto stop = model::stop_ids(tokenizer, options.format.to_format());
  rollout::SamplingConfig sampling;
  sampling.temperature = 0;
  sampling.max_completion_length = needle_answer_tokens(options.digits);
  NeedleGrid out;
  out.score.assign(options.depths.size(), std::vector<double>(options.lengths.size()));
  for (size_t l = 0; l < options.lengths.size(); ++l) {
    std::vector<rollout::Request> requests;
    std::vector<std::string> keys;
    double tokens = 0;
    for (const double depth : options.depths)
      for (int trial = 0; trial < options.num_trials; ++trial) {
        const uint64_t key = eval_key(options.seed, requests.size(), options.digits);
        auto prompt = maker.make(key, depth, options.lengths[l] - sampling.max_completion_length);
        tokens += static_cast<double>(prompt.ids.size());
        keys.push_back(std::move(prompt.key));
        requests.push_back({requests.size(), std::move(prompt.ids), 1, stop});
      }
    const auto groups = engine.generate(requests, sampling, options.seed);
    for (size_t i = 0; i < groups.size(); ++i) {
      const bool is_right = first_number(tokenizer.decode(groups[i].completions.at(0).ids, /*skip_special=*/true)) == keys[i];
      out.score[i / static_cast<size_t>(options.num_trials)][l] += is_right / static_cast<double>(options.num_trials);
    }
    out.prompt_tokens.push_back(tokens / static_cast<double>(requests.size()));
  }
  return out;
}

}  // namespace lockstep::rl
