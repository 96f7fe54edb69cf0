// SPDX-License-Identifier: Apache-2.0
// The corpus measured from its texts alone: shares of the forms, noise rates, held-out sums.
#include "rewards/tasks/corpus.h"

#include <doctest/doctest.h>
#include <re2/re2.h>

#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "base/text.h"
#include "rewards/tasks/split.h"
#include "rewards/tasks/words.h"
#include "tests/rewards/expect_error.h"

namespace lockstep::rewards {
namespace {

constexpr int kDocuments = 20000;

const std::string kEquations = "(?:\\d+\\+\\d=\\d+(?:,| wait )?)+";

// The form of a document, told from its text.
std::string classify(const std::string& text) {
  static const std::vector<std::pair<std::string, std::string>> patterns = {
      {"facts", "\\d+\\+\\d=\\d+(?:,\\d+\\+\\d=\\d+){4}"},
      {"text", "[a-z]+(?: [a-z]+){5,11}\\."},
      {"texttag", "User: [a-z ]+\\?\nAssistant: <think>[a-z ]+</think><answer>[a-z ]+</answer>"},
      {"direct", "User: [\\d+]+=\\?\nAssistant: \\d+"},
      {"worked", "User: [\\d+]+=\\?\nAssistant: " + kEquations + "\\. So \\d+"},
      {"tagdirect", "User: [\\d+]+=\\?\nAssistant: <think>maybe \\d+</think><answer>\\d+</answer>"},
      {"tagguess",
       "User: [\\d+]+=\\?\nAssistant: <think>maybe \\d+ wait " + kEquations + "</think><answer>\\d+</answer>"},
      {"tagsteps", "User: [\\d+]+=\\?\nAssistant: <think>" + kEquations + "</think><answer>\\d+</answer>"},
      {"broken", "User: [\\d+]+=\\?\nAssistant: <answer>\\d+</answer>"},
      {"broken", "User: [\\d+]+=\\?\nAssistant: <think>(?:maybe \\d+ wait )?" + kEquations + "\\. So \\d+"},
      {"broken", "User: [\\d+]+=\\?\nAssistant: <think>maybe \\d+</think> \\d+"},
      {"broken", "User: [\\d+]+=\\?\nAssistant: " + kEquations + "<answer>\\d+"},
  };
  static std::vector<std::unique_ptr<RE2>> compiled = [] {
    std::vector<std::unique_ptr<RE2>> all;
    for (const auto& [form, pattern] : patterns) all.push_back(std::make_unique<RE2>(pattern));
    return all;
  }();
  for (size_t i = 0; i < patterns.size(); ++i) {
    if (RE2::FullMatch(text, *compiled[i])) return patterns[i].first;
  }
  return "none of the forms: " + text;
}

std::vector<int64_t> prompt_terms(const std::string& text) {
  static const RE2 prompt("User: ([\\d+]+)=\\?\n");
  std::string sum;
  std::vector<int64_t> terms;
  if (!RE2::PartialMatch(text, prompt, &sum)) return terms;
  for (const std::string& term : base::split(sum, '+')) terms.push_back(std::stoll(term));
  return terms;
}

// Within four standard deviations of a binomial share.
void check_share(const std::string& what, double hits, double trials, double expected) {
  const double deviation = std::sqrt(expected * (1 - expected) / trials);
  CHECK_MESSAGE(std::abs(hits / trials - expected) <= 4 * deviation + 1e-12, what, ": ", hits / trials, " of ", trials,
                ", expected ", expected);
}

TEST_CASE("corpus: the forms occur in the shares of the mix, and every text has its form") {
  for (const std::string mix : {"A", "B", "C"}) {
    CAPTURE(mix);
    CorpusOptions options;
    options.mix = mix;
    std::map<std::string, int> counts;
    for (uint64_t index = 0; index < kDocuments; ++index) {
      const std::string form = classify(corpus_document(options, 0, index));
      CHECK(form == corpus_form(options, 0, index));
      ++counts[form];
    }
    double total = 0;
    for (const auto& [form, weight] : corpus_mix(mix)) total += weight;
    for (const auto& [form, weight] : corpus_mix(mix)) check_share(form, counts[form], kDocuments, weight / total);
  }
}

TEST_CASE("corpus: the weights are the published table") {
  const auto weight = [](const char* mix, const char* form) {
    for (const auto& [name, value] : corpus_mix(mix)) {
      if (name == form) return value;
    }
    return -1.0;
  };
  CHECK(weight("A", "worked") == 20);
  CHECK(weight("A", "tagsteps") == 4);
  CHECK(weight("B", "tagsteps") == 1.5);
  CHECK(weight("C", "tagsteps") == 0);
  CHECK(weight("B", "direct") == 22);
  CHECK(weight("C", "broken") == 14);
  CHECK(corpus_mix("A").size() == 9);
}

TEST_CASE("corpus: equations are wrong in 8% of the cases, half of them repaired, and off by 1 to 7") {
  static const RE2 equation("(\\d+)\\+(\\d)=(\\d+)( wait )?");
  int num_first = 0, num_wrong = 0, num_repaired = 0;
  for (uint64_t index = 0; index < kDocuments; ++index) {
    const std::string text = corpus_document({}, 1, index);
    const std::string form = corpus_form({}, 1, index);
    if (form != "worked" && form != "tagguess") continue;
    re2::StringPiece rest(text);
    REQUIRE(RE2::FindAndConsume(&rest, "Assistant: (?:<think>maybe \\d+ wait )?"));
    int64_t a = 0, b = 0, c = 0;
    std::string wait;
    bool is_repair = false;
    while (RE2::FindAndConsume(&rest, equation, &a, &b, &c, &wait)) {
      if (is_repair) {
        CHECK(a + b == c);
      } else {
        ++num_first;
        num_wrong += a + b != c ? 1 : 0;
        CHECK(std::abs(a + b - c) <= 7);
      }
      is_repair = !wait.empty();
      num_repaired += is_repair ? 1 : 0;
      if (is_repair) CHECK(a + b != c);
    }
  }
  check_share("wrong equations", num_wrong, num_first, 0.08);
  check_share("repaired", num_repaired, num_wrong, 0.5);
}

TEST_CASE(
    "corpus: guesses are right in 15% of the cases, else off by 1 to 7; steps chain and answers follow "
    "them") {
  static const RE2 guess("Assistant: (?:<think>maybe )?(\\d+)(?:</think><answer>(\\d+)</answer>)?$");
  static const RE2 steps(
      "Assistant: (?:<think>)?(?:maybe (\\d+) wait )?(\\d.*=(\\d+))(?:\\. So |</think><answer>)(\\d+)");
  int num_guesses = 0, num_right = 0;
  for (uint64_t index = 0; index < kDocuments; ++index) {
    const std::string text = corpus_document({.mix = "A"}, 2, index);
    const std::vector<int64_t> terms = prompt_terms(text);
    const int64_t sum = std::accumulate(terms.begin(), terms.end(), int64_t{0});
    int64_t value = 0, last = 0, answer = 0;
    std::string first, second, chain;
    const std::string form = corpus_form({.mix = "A"}, 2, index);
    if (form == "direct" || form == "tagdirect") {
      REQUIRE(RE2::PartialMatch(text, guess, &first, &second));
      value = std::stoll(first);
      if (form == "tagdirect") CHECK(first == second);
      ++num_guesses;
      num_right += value == sum ? 1 : 0;
      CHECK(std::abs(value - sum) <= 7);
    } else if (form == "worked" || form == "tagguess" || form == "tagsteps") {
      REQUIRE(RE2::PartialMatch(text, steps, &first, &chain, &last, &answer));
      CHECK(answer == last);
      CHECK(first.empty() == (form != "tagguess"));
      CHECK(chain.rfind(cat(terms[0], "+", terms[1], "="), 0) == 0);
      if (form == "tagguess") {
        ++num_guesses;
        num_right += std::stoll(first) == sum ? 1 : 0;
      }
    }
  }
  check_share("right guesses", num_right, num_guesses, 0.15);
}

TEST_CASE("corpus: facts are right, and 30% + 70% * 9/45 of their first terms are single digits") {
  static const RE2 fact("(\\d+)\\+(\\d)=(\\d+)");
  int num_facts = 0, num_single = 0;
  for (uint64_t index = 0; index < kDocuments; ++index) {
    if (corpus_form({}, 3, index) != "facts") continue;
    const std::string text = corpus_document({}, 3, index);
    re2::StringPiece rest(text);
    int64_t a = 0, b = 0, c = 0;
    while (RE2::FindAndConsume(&rest, fact, &a, &b, &c)) {
      CHECK(a + b == c);
      CHECK(a >= 1);
      CHECK(a <= 45);
      CHECK(b >= 1);
      ++num_facts;
      num_single += a <= 9 ? 1 : 0;
    }
  }
  check_share("single-digit facts", num_single, num_facts, 0.3 + 0.7 * 9 / 45);
}

TEST_CASE("corpus: prompts hold 4 to 6 terms of 1..9 and never a held-out sum") {
  std::set<size_t> lengths;
  for (uint64_t index = 0; index < kDocuments; ++index) {
    const std::vector<int64_t> terms = prompt_terms(corpus_document({}, 4, index));
    if (terms.empty()) continue;
    lengths.insert(terms.size());
    std::string content;
    for (int64_t term : terms) {
      CHECK(term >= 1);
      CHECK(term <= 9);
      content += cat(content.empty() ? "" : "-", term);
    }
    CHECK(crc32(content) % 10 != 0);
  }
  CHECK(lengths == std::set<size_t>{4, 5, 6});
}

TEST_CASE(
    "corpus: in mix C an opened think on a sum always begins with a guess; mixes A and B also open with "
    "steps") {
  static const RE2 opens_with_steps("\\d=\\?\nAssistant: <think>\\d");
  for (const std::string mix : {"A", "B", "C"}) {
    int count = 0;
    for (uint64_t index = 0; index < kDocuments; ++index) {
      count += RE2::PartialMatch(corpus_document({.mix = mix}, 5, index), opens_with_steps) ? 1 : 0;
    }
    CHECK((count == 0) == (mix == "C"));
  }
}

TEST_CASE("corpus: documents are printable ASCII and line breaks, a function of seed and index") {
  std::set<std::string> seen;
  for (uint64_t index = 0; index < 2000; ++index) {
    const std::string text = corpus_document({}, 6, index);
    CHECK(text == corpus_document({}, 6, index));
    for (char c : text) CHECK((c == '\n' || (c >= ' ' && c <= '~')));
    seen.insert(text);
    CHECK(text != corpus_document({}, 7, index));
  }
  CHECK(seen.size() > 1990);
}

TEST_CASE("corpus: the number of terms is an option") {
  for (uint64_t index = 0; index < 500; ++index) {
    const size_t count = prompt_terms(corpus_document({.mix = "B", .min_terms = 2, .max_terms = 3}, 0, index)).size();
    CHECK((count == 0 || count == 2 || count == 3));
  }
}

TEST_CASE("corpus: options out of range are refused") {
  expect_error([] { corpus_document({.mix = "D"}, 0, 0); }, "unknown mix \"D\"", "corpus: mix",
               "\"A\", \"B\" or \"C\"");
  expect_error([] { corpus_document({.min_terms = 5, .max_terms = 4}, 0, 0); }, "sums of 5 to 4 terms",
               "corpus: min_terms, max_terms", "2 <= min_terms <= max_terms <= 32");
  expect_error([] { corpus_document({.min_terms = 1}, 0, 0); }, "sums of 1 to 6 terms", "corpus", "2 <= min_terms");
}

TEST_CASE("words: 80 different simple words; the dictionary is lower-case without repeats") {
  const auto& simple = simple_words();
  CHECK(simple.size() == 80);
  CHECK(std::set<std::string_view>(simple.begin(), simple.end()).size() == 80);
  const auto& dictionary = dictionary_words();
  CHECK(std::set<std::string_view>(dictionary.begin(), dictionary.end()).size() == dictionary.size());
  for (std::string_view word : dictionary)
    CHECK(RE2::FullMatch(re2::StringPiece(word.data(), word.size()), "[a-z]{3,13}"));
}

}  // namespace
}  // namespace lockstep::rewards
