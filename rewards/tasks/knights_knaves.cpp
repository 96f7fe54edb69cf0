// SPDX-License-Identifier: Apache-2.0
// Knights (who tell the truth) and knaves (who lie): who is what? Every puzzle has exactly one solution.
#include <algorithm>
#include <array>
#include <numeric>

#include "base/text.h"
#include "rewards/tasks/generators.h"

namespace lockstep::rewards {
namespace {

// What a speaker claims. `a` and `b` are people; the flags say "is a knight" (true) or "is a knave" (false).
struct Claim {
  enum class Kind { is, both, either, implies, same, exactly };
  Kind kind;
  size_t a = 0, b = 0;
  bool a_knight = false, b_knight = false;
  int num_knights = 0;  // for `exactly`
};

// Bit i of `knights` is set when person i is a knight.
bool holds(const Claim& claim, unsigned knights) {
  const bool a = ((knights >> claim.a & 1) != 0) == claim.a_knight;
  const bool b = ((knights >> claim.b & 1) != 0) == claim.b_knight;
  switch (claim.kind) {
    case Claim::Kind::is:
      return a;
    case Claim::Kind::both:
      return a && b;
    case Claim::Kind::either:
      return a || b;
    case Claim::Kind::implies:
      return !a || b;
    case Claim::Kind::same:
      return (knights >> claim.a & 1) == (knights >> claim.b & 1);
    case Claim::Kind::exactly:
      return __builtin_popcount(knights) == claim.num_knights;
  }
  return false;
}

Claim draw_claim(base::Random& random, size_t speaker, size_t num_people) {
  Claim claim{};
  claim.kind = static_cast<Claim::Kind>(random.below(6));
  claim.a_knight = random.chance(0.5);
  claim.b_knight = random.chance(0.5);
  claim.num_knights = static_cast<int>(random.below(num_people + 1));
  claim.a = random.below(num_people);
  // "I am a knight" says nothing and "I am a knave" cannot be said: a plain claim is about another person.
  if (claim.kind == Claim::Kind::is && claim.a == speaker) claim.a = (claim.a + 1) % num_people;
  claim.b = (claim.a + 1 + random.below(num_people - 1)) % num_people;
  // The order of a symmetric claim carries no meaning.
  const bool is_symmetric =
      claim.kind == Claim::Kind::both || claim.kind == Claim::Kind::either || claim.kind == Claim::Kind::same;
  if (is_symmetric && claim.b < claim.a) {
    std::swap(claim.a, claim.b);
    std::swap(claim.a_knight, claim.b_knight);
  }
  return claim;
}

std::optional<unsigned> unique_solution(const std::vector<Claim>& claims) {
  std::optional<unsigned> solution;
  for (unsigned knights = 0; knights < 1u << claims.size(); ++knights) {
    bool is_consistent = true;
    for (size_t i = 0; i < claims.size(); ++i) {
      is_consistent = is_consistent && holds(claims[i], knights) == ((knights >> i & 1) != 0);
    }
    if (!is_consistent) continue;
    if (solution) return std::nullopt;
    solution = knights;
  }
  return solution;
}

std::string claim_code(const Claim& claim, const std::vector<size_t>& renamed) {
  size_t a = renamed[claim.a], b = renamed[claim.b];
  bool a_knight = claim.a_knight, b_knight = claim.b_knight;
  const Claim::Kind kind = claim.kind;
  if (kind == Claim::Kind::exactly) return cat("exactly", claim.num_knights);
  if (kind == Claim::Kind::is) return cat("is", a, a_knight);
  if (kind != Claim::Kind::implies && b < a) {
    std::swap(a, b);
    std::swap(a_knight, b_knight);
  }
  if (kind == Claim::Kind::same) return cat("same", a, b);
  const char* name = kind == Claim::Kind::both ? "both" : kind == Claim::Kind::either ? "either" : "implies";
  return cat(name, a, a_knight, b, b_knight);
}

// The puzzle without names and without the order of the people: the smallest code over all renamings.
std::string canonical_content(const std::vector<Claim>& claims) {
  std::vector<size_t> renamed(claims.size());
  std::iota(renamed.begin(), renamed.end(), size_t{0});
  std::string smallest;
  do {
    std::vector<std::string> codes(claims.size());
    for (size_t i = 0; i < claims.size(); ++i) codes[renamed[i]] = claim_code(claims[i], renamed);
    const std::string content = base::join(codes, "|");
    if (smallest.empty() || content < smallest) smallest = content;
  } while (std::next_permutation(renamed.begin(), renamed.end()));
  return smallest;
}

const char* role(bool is_knight) { return is_knight ? "knight" : "knave"; }

std::string claim_text(const Claim& claim, size_t speaker, const std::vector<std::string>& names) {
  const auto subject = [&](size_t person) { return person == speaker ? "I am" : names[person] + " is"; };
  const std::string a = cat(subject(claim.a), " a ", role(claim.a_knight));
  const std::string b = cat(subject(claim.b), " a ", role(claim.b_knight));
  switch (claim.kind) {
    case Claim::Kind::is:
      return a;
    case Claim::Kind::both:
      return cat(a, " and ", b);
    case Claim::Kind::either:
      return cat(a, " or ", b, ", or both");
    case Claim::Kind::implies:
      return cat("If ", a, ", then ", b);
    case Claim::Kind::same: {
      if (claim.a == speaker) return cat(names[claim.b], " and I are of the same kind");
      if (claim.b == speaker) return cat(names[claim.a], " and I are of the same kind");
      return cat(names[claim.a], " and ", names[claim.b], " are of the same kind");
    }
    case Claim::Kind::exactly:
      break;
  }
  if (claim.num_knights == 0) return "None of us is a knight";
  return cat("Exactly ", claim.num_knights,
             claim.num_knights == 1 ? " of us is a knight" : " of us are knights");
}

std::vector<std::string> draw_names(base::Random& random, size_t count) {
  static const std::array<const char*, 16> kNames = {"Ada",  "Ben",  "Cleo", "Dan",   "Eva", "Finn",
                                                     "Gwen", "Hugo", "Iris", "Jonas", "Kim", "Leila",
                                                     "Milo", "Nora", "Omar", "Pia"};
  std::vector<std::string> names(kNames.begin(), kNames.end());
  random.shuffle(names);
  names.resize(count);
  return names;
}

std::optional<Problem> propose_knights_knaves(const TaskParameters& p, base::Random& random) {
  const size_t num_people =
      static_cast<size_t>(random.between(p.integer("min_people"), p.integer("max_people")));
  std::vector<Claim> claims;
  for (size_t speaker = 0; speaker < num_people; ++speaker)
    claims.push_back(draw_claim(random, speaker, num_people));
  const std::optional<unsigned> solution = unique_solution(claims);
  if (!solution) return std::nullopt;
  const std::vector<std::string> names = draw_names(random, num_people);
  std::string question = cat("Knights always tell the truth and knaves always lie. ", english_list(names),
                             " are each a knight or a knave.");
  std::vector<std::string> answers;
  base::Json roles = base::Json::object();
  for (size_t i = 0; i < num_people; ++i) {
    question += cat(" ", names[i], " says: \"", claim_text(claims[i], i, names), ".\"");
    const bool is_knight = (*solution >> i & 1) != 0;
    answers.push_back(cat(names[i], " is a ", role(is_knight)));
    roles[names[i]] = role(is_knight);
  }
  question += " Who is a knight and who is a knave?";
  return Problem{.content = canonical_content(claims),
                 .short_question = question,
                 .question = question,
                 .answer = base::join(answers, ", "),
                 .difficulty = static_cast<int64_t>(num_people),
                 .columns = {{"roles", roles}}};
}

}  // namespace

TaskKind knights_knaves_task() {
  return {"knights_knaves", "who tells the truth and who lies; exactly one solution",
          with_wording(
              {whole("min_people", "fewest people", 2, 2, 3), whole("max_people", "most people", 3, 2, 3)}),
          nullptr, propose_knights_knaves};
}

}  // namespace lockstep::rewards
