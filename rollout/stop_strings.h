// SPDX-License-Identifier: Apache-2.0
// Finds stop strings in text that arrives piece by piece; a match may straddle any number of pieces.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "model/tokenizer.h"

namespace lockstep::rollout {

// Bytes of one id as they appear inside a text (model::Tokenizer::piece).
using PieceOf = std::function<std::string(model::TokenId)>;

// Knuth-Morris-Pratt over bytes, one automaton per stop string: each byte is looked at once per string, and the state of a
// text is one number per string.
class StopStrings {
 public:
  using State = std::vector<uint32_t>;  // bytes of each stop string matched so far

  // Error when a stop string is empty; `where` names the list it comes from.
  StopStrings(const std::vector<std::string>& strings, const std::string& where);

  bool is_empty() const { return automata_.empty(); }
  State start() const { return State(automata_.size(), 0); }
  // Takes the next piece of the text. True when a stop string ends in it; the state must not be used after that.
  bool advance(State& state, std::string_view piece) const;

 private:
  struct Automaton {
    std::string text;
    std::vector<uint32_t> fallback;  // [bytes] longest proper border of the first n + 1 bytes
    uint32_t next(uint32_t matched, char byte) const;
  };
  std::vector<Automaton> automata_;
};

}  // namespace lockstep::rollout
