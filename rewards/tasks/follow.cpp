// SPDX-License-Identifier: Apache-2.0
// Instructions on words that need no reasoning: the general prompts of a miniature of R1's second SFT and second RL stage.
#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/text.h"
#include "rewards/tasks/generators.h"
#include "rewards/tasks/words.h"

namespace lockstep::rewards {
namespace {

using Words = std::vector<std::string>;

struct Instruction {
  std::string_view name;
  int64_t num_words;  // 0: a list, min_words to max_words
  std::string (*terse)(const Words&);
  std::string (*prose)(const Words&);
  std::string (*answer)(const Words&);
  std::string (*thought)(const Words&);
};

std::string spaced(const Words& words) { return base::join(words, " "); }

const std::array<Instruction, 5> kInstructions = {{
    {"say", 1, [](const Words& w) { return cat("say ", w[0]); }, [](const Words& w) { return cat("Say the word \"", w[0], "\"."); },
     [](const Words& w) { return w[0]; }, [](const Words& w) { return w[0]; }},
    {"twice", 1, [](const Words& w) { return cat("say ", w[0], " twice"); },
     [](const Words& w) { return cat("Say the word \"", w[0], "\" twice."); },
     [](const Words& w) { return cat(w[0], " ", w[0]); }, [](const Words& w) { return cat(w[0], " and again ", w[0]); }},
    {"swap", 2, [](const Words& w) { return cat("swap ", w[0], " ", w[1]); },
     [](const Words& w) { return cat("Swap the words \"", w[0], " ", w[1], "\"."); },
     [](const Words& w) { return cat(w[1], " ", w[0]); }, [](const Words& w) { return cat(w[1], " goes before ", w[0]); }},
    {"first", 0, [](const Words& w) { return cat("first of ", spaced(w)); },
     [](const Words& w) { return cat("What is the first word of \"", spaced(w), "\"?"); },
     [](const Words& w) { return w.front(); }, [](const Words& w) { return cat("the first is ", w.front()); }},
    {"last", 0, [](const Words& w) { return cat("last of ", spaced(w)); },
     [](const Words& w) { return cat("What is the last word of \"", spaced(w), "\"?"); },
     [](const Words& w) { return w.back(); }, [](const Words& w) { return cat("the last is ", w.back()); }},
}};

const Instruction& instruction_of(const std::string& name, base::Random& random) {
  if (name == "any") return random.pick(kInstructions);
  const auto found = std::find_if(kInstructions.begin(), kInstructions.end(), [&](const auto& known) { return known.name == name; });
  LOCKSTEP_CHECK(found != kInstructions.end(), name);
  return *found;
}

// All different, so that the first word is not the last one and a swap changes something.
Words draw_words(base::Random& random, int64_t count) {
  Words words;
  while (words.size() < static_cast<size_t>(count)) {
    std::string word(random.pick(simple_words()));
    if (std::find(words.begin(), words.end(), word) == words.end()) words.push_back(std::move(word));
  }
  return words;
}

Problem follow_problem(base::Random& random, const std::string& name, int64_t min_words, int64_t max_words) {
  const Instruction& instruction = instruction_of(name, random);
  const bool is_list = instruction.num_words == 0;
  const Words words = draw_words(random, is_list ? random.between(min_words, max_words) : instruction.num_words);
  return {.content = cat(instruction.name, ":", base::join(words, "-")),
          .short_question = instruction.terse(words),
          .question = instruction.prose(words),
          .answer = instruction.answer(words),
          .thought = instruction.thought(words),
          .difficulty = static_cast<int64_t>(words.size()),
          .columns = {{"kind", instruction.name}}};
}

std::optional<Problem> propose_follow(const TaskParameters& p, base::Random& random) {
  return follow_problem(random, p.choice("kind"), p.integer("min_words"), p.integer("max_words"));
}

}  // namespace

TaskKind follow_task() {
  return {"follow", "an instruction on words: say it, say it twice, swap two, the first or last of a list",
          with_wording({option("kind", "which instruction", "any", {"any", "say", "twice", "swap", "first", "last"}),
                        whole("min_words", "fewest words of a list", 2, 2, 16), whole("max_words", "most words of a list", 4, 2, 16),
                        completion_parameter()},
                       "dialogue"),
          nullptr, propose_follow};
}

std::string follow_document(uint64_t seed, uint64_t index) {
  base::Random random(seed, "corpus/follow-document", index);
  Problem problem = follow_problem(random, "any", 2, 4);
  while (split_of(problem.content) != Split::train) problem = follow_problem(random, "any", 2, 4);
  const std::string prompt = dialogue_prompt(problem.short_question, Tongue::english);
  const uint64_t form = random.below(4);
  if (form < 2) return cat(prompt, " ", problem.answer);
  return cat(prompt, " ", gold_completion(problem, form == 3));
}

}  // namespace lockstep::rewards
