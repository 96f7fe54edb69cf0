// SPDX-License-Identifier: Apache-2.0
// The two ways to write a chain.
#include "rewards/tasks/chain_text.h"

#include "base/text.h"

namespace lockstep::rewards {
namespace {

// Appends pieces with single spaces between them, and counts the words among them.
class Writer {
 public:
  Writer(Tongue early, Tongue later, int num_before) : early_(early), later_(later), num_before_(num_before) {}

  void word(std::string_view ChainWords::*which) { piece(chain_words(chain_.num_words++ < num_before_ ? early_ : later_).*which); }
  void piece(std::string_view text) {
    if (!chain_.text.empty()) chain_.text += ' ';
    chain_.text += text;
  }
  WordedChain take() { return std::move(chain_); }

 private:
  Tongue early_, later_;
  int num_before_;
  WordedChain chain_;
};

}  // namespace

std::string terse_chain(const Chain& chain, bool concludes) {
  std::string text = chain.guess ? cat("maybe ", *chain.guess) : "";
  if (chain.guess && !chain.steps.empty()) text += " wait ";
  for (size_t i = 0; i < chain.steps.size(); ++i) {
    const ChainStep& step = chain.steps[i];
    if (i > 0) text += ',';
    if (!step.repaired.empty()) text += cat(step.repaired, " wait ");
    text += step.equation;
  }
  return concludes ? cat(text, ". So ", chain.result) : text;
}

WordedChain worded_chain(const Chain& chain, bool concludes, Tongue early, Tongue later, int num_before) {
  Writer writer(early, later, num_before);
  if (chain.guess) {
    writer.word(&ChainWords::maybe);
    writer.piece(std::to_string(*chain.guess));
    if (!chain.steps.empty()) writer.word(&ChainWords::wait);
  }
  for (size_t i = 0; i < chain.steps.size(); ++i) {
    const ChainStep& step = chain.steps[i];
    writer.word(i == 0 ? &ChainWords::first : &ChainWords::then);
    if (!step.repaired.empty()) {
      writer.piece(step.repaired);
      writer.word(&ChainWords::wait);
    }
    writer.piece(step.equation);
  }
  if (concludes) {
    writer.word(&ChainWords::so);
    writer.piece(std::to_string(chain.result));
  }
  return writer.take();
}

}  // namespace lockstep::rewards
