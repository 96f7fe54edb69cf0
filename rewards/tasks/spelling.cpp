// SPDX-License-Identifier: Apache-2.0
// Letter-level tasks: how many r's are in "strawberry", and a word spelled backward.
#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "rewards/tasks/generators.h"
#include "rewards/tasks/words.h"

namespace lockstep::rewards {
namespace {

std::optional<std::string> draw_word(const TaskParameters& p, base::Random& random) {
  const int64_t low = p.integer("min_length"), high = p.integer("max_length");
  if (p.choice("source") == "dictionary") {
    const std::string_view word = random.pick(dictionary_words());
    const int64_t length = static_cast<int64_t>(word.size());
    if (length < low || length > high) return std::nullopt;
    return std::string(word);
  }
  std::string word(static_cast<size_t>(random.between(low, high)), ' ');
  // A small alphabet per word, so that letters repeat.
  const uint64_t first = random.below(26), num_letters = random.between(3, 26);
  for (char& letter : word) letter = static_cast<char>('a' + (first + random.below(num_letters)) % 26);
  return word;
}

std::optional<Problem> propose_letter_count(const TaskParameters& p, base::Random& random) {
  const std::optional<std::string> word = draw_word(p, random);
  if (!word) return std::nullopt;
  // Mostly letters that occur; sometimes any letter, so that 0 is a possible answer.
  const char letter =
      random.chance(0.85) ? (*word)[random.below(word->size())] : static_cast<char>('a' + random.below(26));
  return Problem{.content = cat(*word, ":", letter),
                 .short_question = cat(letter, " in ", *word, "=?"),
                 .question = cat("How many times does the letter \"", letter, "\" occur in \"", *word, "\"?"),
                 .answer = std::to_string(std::count(word->begin(), word->end(), letter)),
                 .difficulty = static_cast<int64_t>(word->size())};
}

std::optional<Problem> propose_spell_backward(const TaskParameters& p, base::Random& random) {
  const std::optional<std::string> word = draw_word(p, random);
  if (!word) return std::nullopt;
  return Problem{.content = *word,
                 .short_question = cat(*word, " backward=?"),
                 .question = cat("Spell the word \"", *word, "\" backward."),
                 .answer = std::string(word->rbegin(), word->rend()),
                 .difficulty = static_cast<int64_t>(word->size())};
}

void check_lengths(const TaskParameters& p, const std::string& where) {
  if (p.choice("source") != "dictionary") return;
  const auto has_length = [&](std::string_view word) {
    const int64_t length = static_cast<int64_t>(word.size());
    return length >= p.integer("min_length") && length <= p.integer("max_length");
  };
  if (!std::any_of(dictionary_words().begin(), dictionary_words().end(), has_length)) {
    throw Error(cat("the dictionary has no word of ", p.integer("min_length"), " to ",
                    p.integer("max_length"), " letters"),
                where, "use lengths from 3 to 12, or source = \"random\"");
  }
}

std::vector<TaskParameter> word_parameters() {
  return with_wording({option("source", "words of a built-in list, or random letters", "dictionary",
                              {"dictionary", "random"}),
                       whole("min_length", "shortest word", 3, 1, 64),
                       whole("max_length", "longest word", 12, 1, 64)});
}

}  // namespace

TaskKind letter_count_task() {
  return {"letter_count", "how often a letter occurs in a word (the r's in strawberry)", word_parameters(),
          check_lengths, propose_letter_count};
}

TaskKind spell_backward_task() {
  return {"spell_backward", "a word spelled from its end", word_parameters(), check_lengths,
          propose_spell_backward};
}

}  // namespace lockstep::rewards
