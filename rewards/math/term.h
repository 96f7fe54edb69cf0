// SPDX-License-Identifier: Apache-2.0
// A node of a parsed answer with what its value depends on, and its exact value.
#pragma once

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "rewards/math/expression.h"
#include "rewards/math/limits.h"

namespace lockstep::rewards::math {

// A tree seen with one choice of all its signs +-.
struct Term {
  const Expression* expression = nullptr;
  NodeId id = 0;
  int sign = 0;  // of every +-, and -sign of every -+; 0: not chosen yet, then such a term has no value
  const Node& node() const { return (*expression)[id]; }
  Term child(size_t index) const { return {expression, node().children[index], sign}; }
};

// What every evaluation shares.
struct Context {
  Budget& budget;
  const Limits& limits;
};

// Spends what arithmetic with the two costs: schoolbook work in their limbs and, unless both are integers, the reduction
// of the result. False when the budget does not hold it: then the operation must not be done.
bool pays(const Context& context, const Fraction& a, const Fraction& b);
bool pays_gcd(const Context& context, const Integer& a, const Integer& b);

// The exact value, when the term is one: rational operations, integer powers, exact roots, factorials, gcd, floor and
// the like, below Limits::max_bits. `bindings` are the variables of enclosing sums; their
// names belong to the tree.
using Bindings = std::vector<std::pair<std::string_view, Integer>>;
std::optional<Fraction> exact_value(const Term& term, const Context& context, const Bindings& bindings = {});

}  // namespace lockstep::rewards::math
