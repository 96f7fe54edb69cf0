// SPDX-License-Identifier: Apache-2.0
// The pass-key text and the task `needle`.
#include "rewards/tasks/needle.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "rewards/tasks/generators.h"
#include "rewards/tasks/words.h"

namespace lockstep::rewards {
namespace {

constexpr const char* kTerseQuestion = "Key?";
constexpr const char* kQuestion = "What is the pass key? Answer with the number alone.";

// Sentences of 4 to 9 of the simple words, one after another, until there are `num_words`; the needle goes before word
// `place`, wherever that is in a sentence.
std::string filler_with(base::Random random, int64_t num_words, int64_t place, const std::string& needle) {
  std::string text;
  int64_t left = random.between(4, 9);
  for (int64_t i = 0; i < num_words; ++i) {
    if (i == place) text += cat(text.empty() ? "" : " ", needle);
    text += cat(text.empty() ? "" : " ", random.pick(simple_words()));
    if (--left > 0) continue;
    text += ".";
    left = random.between(4, 9);
  }
  if (place >= num_words) text += cat(text.empty() ? "" : " ", needle);
  return text;
}

std::string draw_key(base::Random random, int64_t digits) {
  std::string key(1, static_cast<char>('0' + random.between(1, 9)));
  while (static_cast<int64_t>(key.size()) < digits) key += static_cast<char>('0' + random.below(10));
  return key;
}

// Words whose text has at most `characters` characters: by bisection, as more words never make it shorter.
int64_t words_within(uint64_t key, int64_t characters, double depth, int64_t digits, bool is_terse) {
  int64_t low = 0, high = characters;
  while (low < high) {
    const int64_t middle = (low + high + 1) / 2;
    const auto text = needle_text(key, middle, depth, digits, is_terse);
    if (static_cast<int64_t>(text.haystack.size()) <= characters) low = middle;
    else high = middle - 1;
  }
  return low;
}

std::optional<Problem> propose_needle(const TaskParameters& p, base::Random& random) {
  const int64_t length = random.between(p.integer("min_length"), p.integer("max_length"));
  const double low = p.number("min_depth"), high = p.number("max_depth");
  const double depth = low + (high - low) * random.uniform();
  const int64_t digits = p.integer("digits");
  const uint64_t key = random.bits64();
  const bool is_terse = p.choice("style") == "dialogue";
  const int64_t words = p.choice("unit") == "words" ? length : words_within(key, length, depth, digits, is_terse);
  const auto text = needle_text(key, words, depth, digits, is_terse);
  return Problem{.content = text.key,
                 .short_question = cat(text.haystack, " ", kTerseQuestion),
                 .question = needle_prompt(text, /*is_terse=*/false),
                 .answer = text.key,
                 .difficulty = length};
}

}  // namespace

NeedleText needle_text(uint64_t key, int64_t num_words, double depth, int64_t digits, bool is_terse) {
  NeedleText out;
  out.key = draw_key(base::Random(key, "needle/key"), digits);
  const std::string needle = is_terse ? cat("Key ", out.key, ".") : cat("The pass key is ", out.key, ". Remember it.");
  const auto place = static_cast<int64_t>(std::llround(depth * static_cast<double>(num_words)));
  out.haystack = filler_with(base::Random(key, "needle/filler"), num_words, std::clamp<int64_t>(place, 0, num_words), needle);
  return out;
}

std::string needle_prompt(const NeedleText& text, bool is_terse) {
  return is_terse ? cat("User: ", text.haystack, " ", kTerseQuestion, "\nAssistant:") : cat(text.haystack, "\n\n", kQuestion);
}

TaskKind needle_task() {
  return {"needle", "a pass key hidden in filler text, which the end of the prompt asks for",
          with_wording({option("unit", "what min_length and max_length count of the haystack", "words", {"words", "characters"}),
                        whole("min_length", "shortest haystack", 20, 1, 1'000'000),
                        whole("max_length", "longest haystack", 200, 1, 1'000'000),
                        share("min_depth", "share of the filler before the needle, at least", 0),
                        share("max_depth", "the same, at most", 1),
                        whole("digits", "digits of the pass key", 5, 1, 18)}),
          nullptr, propose_needle};
}

}  // namespace lockstep::rewards
