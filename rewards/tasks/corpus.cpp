// SPDX-License-Identifier: Apache-2.0
// Document forms of the synthetic corpus, their noise, and the three mixes.
#include "rewards/tasks/corpus.h"

#include <array>
#include <map>
#include <numeric>

#include "base/error.h"
#include "base/rng.h"
#include "base/text.h"
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

struct Steps {
  std::string text;  // "2+6=8,8+2=10"
  int64_t result;    // what the last equation says; wrong when an error was carried on
};

Steps worked_steps(base::Random& random, const std::vector<int64_t>& terms) {
  Steps steps{"", terms[0]};
  for (size_t i = 1; i < terms.size(); ++i) {
    const std::string left = cat(steps.result, "+", terms[i], "=");
    const int64_t right = steps.result + terms[i];
    if (i > 1) steps.text += ",";
    steps.result = right;
    if (random.chance(kEquationIsWrong)) {
      const int64_t wrong = wrong_value(random, right);
      if (random.chance(kWrongIsRepaired)) {
        steps.text += cat(left, wrong, " wait ");
      } else {
        steps.result = wrong;
      }
    }
    steps.text += cat(left, steps.result);
  }
  return steps;
}

std::string words(base::Random& random, int64_t low, int64_t high) {
  std::string text;
  const int64_t count = random.between(low, high);
  for (int64_t i = 0; i < count; ++i) text += cat(i == 0 ? "" : " ", random.pick(simple_words()));
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

std::string broken(base::Random& random,
                   const std::vector<int64_t>& terms,
                   int64_t sum,
                   bool starts_with_guess) {
  switch (random.below(4)) {
    case 0:
      return cat(" <answer>", guess(random, sum), "</answer>");
    case 1: {
      const std::string opening = starts_with_guess ? cat("maybe ", guess(random, sum), " wait ") : "";
      const Steps steps = worked_steps(random, terms);
      return cat(" <think>", opening, steps.text, ". So ", steps.result);
    }
    case 2: {
      const int64_t value = guess(random, sum);
      return cat(" <think>maybe ", value, "</think> ", value);
    }
    default: {
      const Steps steps = worked_steps(random, terms);
      return cat(" ", steps.text, "<answer>", steps.result);
    }
  }
}

std::string response(base::Random& random,
                     const std::string& form,
                     const std::vector<int64_t>& terms,
                     bool is_mix_c) {
  const int64_t sum = std::accumulate(terms.begin(), terms.end(), int64_t{0});
  if (form == "direct") return cat(" ", guess(random, sum));
  if (form == "broken") return broken(random, terms, sum, is_mix_c);
  if (form == "tagdirect") {
    const int64_t value = guess(random, sum);
    return cat(" <think>maybe ", value, "</think><answer>", value, "</answer>");
  }
  const int64_t first = guess(random, sum);
  const Steps steps = worked_steps(random, terms);
  if (form == "worked") return cat(" ", steps.text, ". So ", steps.result);
  const std::string opening = form == "tagguess" ? cat("maybe ", first, " wait ") : "";
  return cat(" <think>", opening, steps.text, "</think><answer>", steps.result, "</answer>");
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
  return base::Random(seed, "corpus", index);
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
  const std::string form = draw_form(random, options.mix);
  if (form == "facts") return facts(random, options.max_terms);
  if (form == "text") return cat(words(random, 6, 12), ".");
  if (form == "texttag") {
    const std::string question = words(random, 2, 4), thought = words(random, 3, 7),
                      answer = words(random, 1, 3);
    return cat("User: ", question, "?\nAssistant: <think>", thought, "</think><answer>", answer, "</answer>");
  }
  const std::vector<int64_t> terms = draw_train_terms(random, options);
  return cat("User: ", join_numbers(terms, "+"),
             "=?\nAssistant:", response(random, form, terms, options.mix == "C"));
}

std::string corpus_form(const CorpusOptions& options, uint64_t seed, uint64_t index) {
  base::Random random = document_random(options, seed, index);
  return draw_form(random, options.mix);
}

}  // namespace lockstep::rewards
