// SPDX-License-Identifier: Apache-2.0
// Knights and knaves: each puzzle is read back from its English text and solved by trying every assignment.
#include <doctest/doctest.h>
#include <re2/re2.h>

#include <map>
#include <set>

#include "base/text.h"
#include "rewards/tasks/task.h"

namespace lockstep::rewards {
namespace {

using Roles = std::map<std::string, bool>;  // name -> is a knight

// "Kim is a knave" or, said by `speaker`, "I am a knave".
bool atom_holds(const std::string& text, const std::string& speaker, const Roles& roles) {
  static const RE2 atom("(I am|(\\w+) is) a (knight|knave)");
  std::string all, name, role;
  REQUIRE_MESSAGE(RE2::FullMatch(text, atom, &all, &name, &role), text);
  return roles.at(all == "I am" ? speaker : name) == (role == "knight");
}

bool claim_holds(const std::string& claim, const std::string& speaker, const Roles& roles) {
  static const RE2 either("(.+) or (.+), or both"), implies("If (.+), then (.+)"), exactly("Exactly (\\d) of us .*"),
      with_me("(\\w+) and I are of the same kind"), others("(\\w+) and (\\w+) are of the same kind"),
      both("(.+) and (.+)");
  int num_knights = 0, asked = 0;
  for (const auto& [name, is_knight] : roles) num_knights += is_knight ? 1 : 0;
  std::string a, b;
  if (claim == "None of us is a knight") return num_knights == 0;
  if (RE2::FullMatch(claim, exactly, &asked)) return num_knights == asked;
  if (RE2::FullMatch(claim, with_me, &a)) return roles.at(a) == roles.at(speaker);
  if (RE2::FullMatch(claim, others, &a, &b)) return roles.at(a) == roles.at(b);
  if (RE2::FullMatch(claim, either, &a, &b)) return atom_holds(a, speaker, roles) || atom_holds(b, speaker, roles);
  if (RE2::FullMatch(claim, implies, &a, &b)) return !atom_holds(a, speaker, roles) || atom_holds(b, speaker, roles);
  if (RE2::FullMatch(claim, both, &a, &b)) return atom_holds(a, speaker, roles) && atom_holds(b, speaker, roles);
  return atom_holds(claim, speaker, roles);
}

TEST_CASE("knights_knaves: the text has exactly one solution, and it is the gold answer") {
  static const RE2 says("(\\w+) says: \"([^\"]+)\\.\"");
  for (int people : {2, 3}) {
    const Task task("knights_knaves", {{"min_people", people}, {"max_people", people}});
    std::set<std::string> solutions_seen;
    for (uint64_t index = 0; index < 400; ++index) {
      const base::Json row = task.make(0, index % 2 == 0 ? Split::train : Split::eval, index);
      const std::string prompt = row["prompt"].get<std::string>();
      std::vector<std::pair<std::string, std::string>> claims;
      re2::StringPiece rest(prompt);
      std::string name, claim;
      while (RE2::FindAndConsume(&rest, says, &name, &claim)) claims.emplace_back(name, claim);
      REQUIRE(claims.size() == static_cast<size_t>(people));
      std::vector<Roles> solutions;
      for (unsigned mask = 0; mask < 1u << people; ++mask) {
        Roles roles;
        for (size_t i = 0; i < claims.size(); ++i) roles[claims[i].first] = (mask >> i & 1) != 0;
        bool is_consistent = true;
        for (const auto& [speaker, text] : claims) {
          is_consistent = is_consistent && claim_holds(text, speaker, roles) == roles.at(speaker);
        }
        if (is_consistent) solutions.push_back(roles);
      }
      REQUIRE_MESSAGE(solutions.size() == 1, prompt);
      std::string answer, pattern;
      for (const auto& [speaker, text] : claims) {
        const char* role = solutions[0].at(speaker) ? "knight" : "knave";
        answer += cat(answer.empty() ? "" : ", ", speaker, " is a ", role);
        pattern += role;
        CHECK(row["roles"][speaker] == role);
      }
      CHECK(row["answer"] == answer);
      solutions_seen.insert(pattern);
    }
    CHECK(solutions_seen.size() >= (1u << people) - 1);  // "all knaves" may be rare
  }
}

TEST_CASE("knights_knaves: nobody talks about being a knight or a knave outright") {
  // "I am a knight" says nothing and "I am a knave" is impossible, so neither is a claim on its own.
  const Task task("knights_knaves");
  for (uint64_t index = 0; index < 400; ++index) {
    const std::string prompt = task.make(2, Split::train, index)["prompt"].get<std::string>();
    CHECK_FALSE(RE2::PartialMatch(prompt, "says: \"I am a (knight|knave)\\.\""));
  }
}

}  // namespace
}  // namespace lockstep::rewards
