// SPDX-License-Identifier: Apache-2.0
// Document forms of the synthetic corpus, their noise, and the three mixes.
#include "rewards/tasks/corpus.h"

#include <array>
#include <numeric>
#include <set>

#include "base/error.h"
#include "base/rng.h"
#include "base/text.h"
#include "rewards/tasks/chain_text.h"
#include "rewards/tasks/generators.h"
#include "rewards/tasks/words.h"

namespace lockstep::rewards {
namespace {

constexpr int64_t kMaxTerm = 9;
constexpr double kGuessIsRight = 0.15;
constexpr double kEquationIsWrong = 0.08;
constexpr double kWrongIsRepaired = 0.5;

// A wrong value near the right one: off by 1..7, never negative.
int64_t wrong_value(base::Random& random, int64_t right) {
  const int64_t offset = random.between(1, 7);
  return random.chance(0.5) && right >= offset ? right - offset : right + offset;
}

int64_t guess(base::Random& random, int64_t right) {
  return random.chance(kGuessIsRight) ? right : wrong_value(random, right);
}

Chain worked_chain(base::Random& random, const std::vector<int64_t>& terms) {
  Chain chain{.result = terms[0]};
  for (size_t i = 1; i < terms.size(); ++i) {
    const std::string left = cat(chain.result, "+", terms[i], "=");
    const int64_t right = chain.result + terms[i];
    ChainStep step;
    chain.result = right;
    if (random.chance(kEquationIsWrong)) {
      const int64_t wrong = wrong_value(random, right);
      if (random.chance(kWrongIsRepaired)) {
        step.repaired = cat(left, wrong);
      } else {
        chain.result = wrong;
      }
    }
    step.equation = cat(left, chain.result);
    chain.steps.push_back(std::move(step));
  }
  return chain;
}

std::string words(base::Random& random, int64_t low, int64_t high, Tongue tongue) {
  std::string text;
  const int64_t count = random.between(low, high);
  const auto& list = tongue == Tongue::english ? simple_words() : chinese_words();
  for (int64_t i = 0; i < count; ++i) text += cat(i == 0 ? "" : " ", random.pick(list));
  return text;
}

std::string facts(base::Random& random, int max_terms) {
  std::string text;
  for (int i = 0; i < 5; ++i) {
    // Partial sums reach 9 (max_terms - 1): 45 with six terms.
    const int64_t a = random.between(1, random.chance(0.3) ? kMaxTerm : kMaxTerm * (max_terms - 1));
    const int64_t b = random.between(1, kMaxTerm);
    text += cat(i == 0 ? "" : ",", a, "+", b, "=", a + b);
  }
  return text;
}

std::vector<int64_t> draw_train_terms(base::Random& random, const CorpusOptions& options) {
  for (int draw = 0; draw < 1000; ++draw) {
    std::vector<int64_t> terms = draw_terms(random, options.min_terms, options.max_terms, 1, kMaxTerm);
    if (split_of(chain_sum_content(terms)) == Split::train) return terms;
  }
  base::check_failed("a sum outside the eval split", "1000 draws failed, each by a chance of 1/10");
}

// The language of a document's prompt, and how its response departs from it. Drawn beside everything else, so that the sums of a
// corpus are the same in any languages.
struct Speech {
  bool has_words = false;  // chains have a word before each step
  Tongue prompt = Tongue::english, response = Tongue::english;
  bool changes_midway = false;  // the response begins in the prompt's language, where it has two words
  uint64_t place = 0;           // of the change, modulo the places there are
};

Speech draw_speech(const CorpusOptions& options, uint64_t seed, uint64_t index) {
  Speech speech;
  if (options.languages.empty()) return speech;
  base::Random random(seed, "corpus/language", index);
  speech.has_words = true;
  speech.prompt = speech.response = tongue_from_code(random.pick(options.languages));
  if (!random.chance(options.language_mixing)) return speech;
  speech.response = other_tongue(speech.prompt);
  speech.changes_midway = random.chance(0.5);
  speech.place = random.bits();
  return speech;
}

std::string chain_text(const Speech& speech, const Chain& chain, bool concludes) {
  if (!speech.has_words) return terse_chain(chain, concludes);
  const WordedChain whole = worded_chain(chain, concludes, speech.response, speech.response, 0);
  if (!speech.changes_midway || whole.num_words < 2) return whole.text;
  const int num_before = 1 + static_cast<int>(speech.place % static_cast<uint64_t>(whole.num_words - 1));
  return worded_chain(chain, concludes, speech.prompt, speech.response, num_before).text;
}

std::string guess_text(const Speech& speech, int64_t value) { return chain_text(speech, {.guess = value}, false); }

std::string broken(base::Random& random, const std::vector<int64_t>& terms, int64_t sum, const Speech& speech, bool is_mix_c) {
  switch (random.below(4)) {
    case 0:
      return cat(" <answer>", guess(random, sum), "</answer>");
    case 1: {
      const auto first = is_mix_c ? std::optional(guess(random, sum)) : std::nullopt;
      Chain chain = worked_chain(random, terms);
      chain.guess = first;
      return cat(" <think>", chain_text(speech, chain, true));
    }
    case 2: {
      const int64_t value = guess(random, sum);
      return cat(" <think>", guess_text(speech, value), "</think> ", value);
    }
    default: {
      const Chain chain = worked_chain(random, terms);
      return cat(" ", chain_text(speech, chain, false), "<answer>", chain.result);
    }
  }
}

std::string response(base::Random& random, const std::string& form, const std::vector<int64_t>& terms, const Speech& speech, bool is_mix_c) {
  const int64_t sum = std::accumulate(terms.begin(), terms.end(), int64_t{0});
  if (form == "direct") return cat(" ", guess(random, sum));
  if (form == "broken") return broken(random, terms, sum, speech, is_mix_c);
  if (form == "tagdirect") {
    const int64_t value = guess(random, sum);
    return cat(" <think>", guess_text(speech, value), "</think><answer>", value, "</answer>");
  }
  const int64_t first = guess(random, sum);
  Chain chain = worked_chain(random, terms);
  if (form == "worked") return cat(" ", chain_text(speech, chain, true));
  if (form == "tagguess") chain.guess = first;
  return cat(" <think>", chain_text(speech, chain, speech.has_words), "</think><answer>", chain.result, "</answer>");
}

std::string draw_form(base::Random& random, std::string_view mix) {
  const auto& weights = corpus_mix(mix);
  double total = 0;
  for (const auto& [form, weight] : weights) total += weight;
  double left = random.uniform() * total;
  for (const auto& [form, weight] : weights) {
    if (left < weight) return form;
    left -= weight;
  }
  return weights.front().first;  // only when rounding eats the last weight
}

base::Random document_random(const CorpusOptions& options, uint64_t seed, uint64_t index) {
  if (options.min_terms < 2 || options.max_terms > 32 || options.min_terms > options.max_terms) {
    throw Error(cat("sums of ", options.min_terms, " to ", options.max_terms, " terms"),
                "corpus: min_terms, max_terms", "use 2 <= min_terms <= max_terms <= 32");
  }
  if (options.language_mixing > 0 && std::set(options.languages.begin(), options.languages.end()).size() < 2) {
    throw Error(cat("language_mixing = ", options.language_mixing, " with fewer than two languages"), "corpus: languages",
                "use languages = [\"en\", \"zh\"], or language_mixing = 0");
  }
  return base::Random(seed, "corpus", index);
}

bool is_follow(const CorpusOptions& options, uint64_t seed, uint64_t index) {
  return options.follow_share > 0 && base::Random(seed, "corpus/follow", index).chance(options.follow_share);
}

}  // namespace

const std::vector<std::pair<std::string, double>>& corpus_mix(std::string_view mix) {
  using Mix = std::vector<std::pair<std::string, double>>;
  static constexpr std::array<const char*, 9> kForms = {
      "facts", "text", "texttag", "direct", "worked", "tagdirect", "tagguess", "tagsteps", "broken"};
  static constexpr std::array<std::array<double, 9>, 3> kWeights = {
      {{18, 8, 7, 18, 20, 12, 6, 4, 10}, {18, 8, 7, 22, 25, 7, 4, 1.5, 14}, {18, 8, 7, 22, 25, 7, 4, 0, 14}}};
  static const std::array<Mix, 3> mixes = [] {
    std::array<Mix, 3> all;
    for (size_t m = 0; m < all.size(); ++m) {
      for (size_t i = 0; i < kForms.size(); ++i) all[m].emplace_back(kForms[i], kWeights[m][i]);
    }
    return all;
  }();
  if (mix.size() == 1 && mix[0] >= 'A' && mix[0] <= 'C') return mixes[static_cast<size_t>(mix[0] - 'A')];
  throw Error(cat("unknown mix \"", base::printable(mix), "\""), "corpus: mix", "use \"A\", \"B\" or \"C\"");
}

std::string corpus_document(const CorpusOptions& options, uint64_t seed, uint64_t index) {
  base::Random random = document_random(options, seed, index);
  if (is_follow(options, seed, index)) return follow_document(seed, index);
  const std::string form = draw_form(random, options.mix);
  if (form == "facts") return facts(random, options.max_terms);
  const Speech speech = draw_speech(options, seed, index);
  if (form == "text") return cat(words(random, 6, 12, speech.prompt), ".");
  if (form == "texttag") {
    const std::string question = words(random, 2, 4, speech.prompt), thought = words(random, 3, 7, speech.response),
                      answer = words(random, 1, 3, speech.response);
    return cat(dialogue_prompt(cat(question, "?"), speech.prompt), " <think>", thought, "</think><answer>", answer, "</answer>");
  }
  const std::vector<int64_t> terms = draw_train_terms(random, options);
  return cat(dialogue_prompt(cat(join_numbers(terms, "+"), "=?"), speech.prompt), response(random, form, terms, speech, options.mix == "C"));
}

std::string corpus_form(const CorpusOptions& options, uint64_t seed, uint64_t index) {
  base::Random random = document_random(options, seed, index);
  return is_follow(options, seed, index) ? "follow" : draw_form(random, options.mix);
}

}  // namespace lockstep::rewards
