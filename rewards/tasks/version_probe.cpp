// SPDX-License-Identifier: Apache-2.0
// Which version are you? A probe of what a model says about itself: one question in a few wordings.
#include <array>

#include "base/text.h"
#include "rewards/tasks/generators.h"

namespace lockstep::rewards {
namespace {

// Terse and in prose. A wording is a problem of its own, so that the held-out ones (by their checksum, as everywhere) ask
// whether the answer holds beyond the wordings that were trained on.
constexpr std::array<std::pair<std::string_view, std::string_view>, 16> kWordings = {{
    {"which version are you?", "Which version are you?"},
    {"what version are you?", "What version are you?"},
    {"what is your version?", "What is your version?"},
    {"name your version", "Name your version."},
    {"your version?", "Your version, please?"},
    {"which model are you?", "Which model are you?"},
    {"what model are you?", "What model are you?"},
    {"tell your model", "Tell me which model you are."},
    {"who are you?", "Who are you?"},
    {"what is your name?", "What is your name?"},
    {"tell your name", "Tell me your name."},
    {"your name?", "Your name, please?"},
    {"say your name", "Say your name."},
    {"what are you called?", "What are you called?"},
    {"how are you called?", "How should I call you?"},
    {"who answers me?", "Who is answering me?"},
}};

std::optional<Problem> propose_version_probe(const TaskParameters& p, base::Random& random) {
  const auto& [terse, prose] = random.pick(kWordings);
  return Problem{.content = std::string(terse),
                 .short_question = std::string(terse),
                 .question = std::string(prose),
                 .answer = p.choice("name"),
                 .thought = cat("my name is ", p.choice("name")),
                 .difficulty = 1};
}

}  // namespace

TaskKind version_probe_task() {
  return {"version_probe", "which version are you? the assistant's name, asked for in a few wordings",
          with_wording({text_parameter("name", "what the assistant is called", "Lockstep"), completion_parameter()}, "dialogue"), nullptr,
          propose_version_probe};
}

}  // namespace lockstep::rewards
