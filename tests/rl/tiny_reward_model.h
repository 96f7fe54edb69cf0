// SPDX-License-Identifier: Apache-2.0
// A folder with a small random language model and its tokenizer, and pairs that prefer one word to another.
#pragma once

#include <string>
#include <vector>

#include "base/rng.h"
#include "base/text.h"
#include "model/reward_model.h"
#include "tests/rl/tiny_text.h"
#include "tests/rollout/tiny_model.h"
#include "tests/support/temp_folder.h"

namespace lockstep::test {

inline model::ModelConfig tiny_text_config() {
  auto config = tiny_llama();
  config.vocab_size = tiny_tokenizer().vocab_size();
  config.eos_token_id = {*tiny_tokenizer().eos_id()};
  config.max_position_embeddings = 64;
  return config;
}

inline std::string write_language_model(const TempFolder& folder, const std::string& name = "lm") {
  const auto m = tiny_model(tiny_text_config());
  model::save_model_folder(folder.path(name), m.config(), model::export_parameters(m.parameters()), &tiny_tokenizer());
  return folder.path(name);
}

inline std::string write_reward_model(const TempFolder& folder, const std::string& name = "rm", uint64_t seed = 1) {
  const auto m = model::begin_reward_model(model::open_model(write_language_model(folder)), {}, seed);
  model::save_model_folder(folder.path(name), m.config(), model::export_parameters(m.parameters()), &tiny_tokenizer());
  return folder.path(name);
}

// Sums where the answer with the word "word" is preferred to the one with "wait", whatever the numbers and the order of the words.
inline std::string write_word_pairs(const TempFolder& folder, const std::string& name, int count, uint64_t seed) {
  base::Random random(seed, "word pairs");
  std::string rows;
  for (int i = 0; i < count; ++i) {
    const auto side = [&](const char* word) {
      const auto number = random.between(0, 9);
      return random.chance(0.5) ? cat(number, " ", word) : cat(word, " ", number);
    };
    rows += base::Json({{"prompt", cat(random.between(0, 9), "+", random.between(0, 9), "=?")}, {"chosen", side("word")}, {"rejected", side("wait")}}).dump() + "\n";
  }
  return folder.write(name, rows);
}

}  // namespace lockstep::test
