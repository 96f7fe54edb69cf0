// SPDX-License-Identifier: Apache-2.0
// The matching automata of stop strings.
#include "rollout/stop_strings.h"

#include "base/error.h"
#include "base/text.h"

namespace lockstep::rollout {

StopStrings::StopStrings(const std::vector<std::string>& strings, const std::string& where) {
  for (size_t i = 0; i < strings.size(); ++i) {
    if (strings[i].empty())
      throw Error("a stop string is empty: it would end every completion before its first token", cat(where, "/", i),
                  "remove it from the list");
    Automaton automaton{strings[i], {0}};
    uint32_t border = 0;
    for (size_t end = 1; end < strings[i].size(); ++end) {
      border = automaton.next(border, strings[i][end]);
      automaton.fallback.push_back(border);
    }
    automata_.push_back(std::move(automaton));
  }
}

uint32_t StopStrings::Automaton::next(uint32_t matched, char byte) const {
  while (matched > 0 && text[matched] != byte) matched = fallback[matched - 1];
  return text[matched] == byte ? matched + 1 : 0;
}

bool StopStrings::advance(State& state, std::string_view piece) const {
  for (size_t a = 0; a < automata_.size(); ++a)
    for (const char byte : piece) {
      state[a] = automata_[a].next(state[a], byte);
      if (state[a] == automata_[a].text.size()) return true;
    }
  return false;
}

}  // namespace lockstep::rollout
