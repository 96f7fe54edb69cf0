// SPDX-License-Identifier: Apache-2.0
// The dispatch by kind, and the kinds that need little: percentages, matrices, ratios, bases.
#include "rewards/math/comparer.h"

#include <algorithm>

namespace lockstep::rewards::math {
namespace {

bool is_collection(const Node& node) { return node.kind == Kind::list || node.kind == Kind::set; }

bool is_region(const Node& node) {
  return node.kind == Kind::unite || node.kind == Kind::intersect || node.kind == Kind::except ||
         node.kind == Kind::builder ||
         (node.kind == Kind::bracket && node.children.size() == 2 && node.text != "()" && node.text != "[]") ||
         (node.kind == Kind::symbol && node.text == "\\bbR");
}

bool is_structure(const Node& node) {
  return node.kind == Kind::bracket || node.kind == Kind::matrix || node.kind == Kind::ratio ||
         node.kind == Kind::based || is_region(node);
}

// No unit, or the word itself: "10 square units" measures like a bare 10.
bool is_anonymous(const std::string& unit) { return unit.empty() || unit.substr(0, 4) == "unit"; }

}  // namespace

Comparer::Amount Comparer::amount_of(Term term) {
  Amount amount;
  amount.core = term;
  while (true) {
    const Node& node = amount.core.node();
    if (node.kind == Kind::unit) {
      amount.unit += node.text;
    } else if (node.kind == Kind::percent && !amount.is_percent) {
      amount.is_percent = true;
    } else {
      return amount;
    }
    amount.core = amount.core.child(0);
  }
}

// Spends what it costs to look through both trees, several times, for facts about them.
bool Comparer::can_walk(const Term& gold, const Term& prediction) const {
  return context_.budget.spend(20 + 3 * (int64_t{gold.node().size} + prediction.node().size));
}

Outcome Comparer::compare(const Term& gold, const Term& prediction) {
  if (!can_walk(gold, prediction)) return Outcome::undecided;
  const Amount a = amount_of(gold), b = amount_of(prediction);
  const bool is_unit_missing = is_anonymous(a.unit) || is_anonymous(b.unit);
  if (a.unit != b.unit && !(is_unit_missing && policy_.bare_unit)) return Outcome::different;
  if (a.is_percent != b.is_percent) {
    // 5% is 0.05 or, without its sign, 5, and never 5 cm.
    return is_anonymous(a.is_percent ? b.unit : a.unit) ? compare_percent(a, b) : Outcome::different;
  }
  return compare_cores(a.core, b.core);
}

// Only one of the two has a percent sign: 28% is 0.28, and 28 where the sign may be missing.
Outcome Comparer::compare_percent(const Amount& gold, const Amount& prediction) {
  if (policy_.bare_percent && compare_cores(gold.core, prediction.core) == Outcome::equal) return Outcome::equal;
  const Amount& percent = gold.is_percent ? gold : prediction;
  const Amount& other = gold.is_percent ? prediction : gold;
  const auto value = exact_value(percent.core, context_), plain = exact_value(other.core, context_);
  if (!value || !plain || !pays(context_, *value, *plain)) return Outcome::different;
  return *value == *plain * Fraction(100) ? Outcome::equal : Outcome::different;
}

Outcome Comparer::compare_cores(const Term& gold, const Term& prediction) {
  const Node &a = gold.node(), &b = prediction.node();
  if (is_same_tree(gold, prediction) && !has_plus_minus(gold)) return Outcome::equal;
  if (a.kind == Kind::relation || b.kind == Kind::relation) return compare_relations(gold, prediction);
  if (is_region(a) || is_region(b)) {
    if (const auto outcome = compare_regions(gold, prediction)) return *outcome;
  }
  if (is_collection(a) || is_collection(b) || has_plus_minus(gold) || has_plus_minus(prediction)) {
    return compare_collections(gold, prediction);
  }
  if (is_structure(a) || is_structure(b)) return compare_structures(gold, prediction);
  if (!is_reduced(prediction)) return Outcome::different;
  const Outcome outcome = compare_scalars(gold, prediction);
  if (outcome != Outcome::undecided || a.kind != b.kind || a.text != b.text || a.children.empty()) return outcome;
  // No value, but the same operation (an integral, a limit): equal when its operands are.
  return compare_in_order(children_of(gold), children_of(prediction)) == Outcome::equal ? Outcome::equal : outcome;
}

Outcome Comparer::compare_structures(const Term& gold, const Term& prediction) {
  const Node &a = gold.node(), &b = prediction.node();
  if (a.kind == Kind::matrix && b.kind == Kind::matrix) return compare_matrices(gold, prediction);
  if (a.kind == Kind::ratio || b.kind == Kind::ratio) return compare_ratios(gold, prediction);
  if (a.kind == Kind::based || b.kind == Kind::based) return compare_based(gold, prediction);
  if (a.kind == Kind::bracket && b.kind == Kind::bracket) return compare_brackets(gold, prediction);
  const Node* matrix = a.kind == Kind::matrix ? &a : b.kind == Kind::matrix ? &b : nullptr;
  const bool is_vector = matrix != nullptr && (matrix->columns == 1 || matrix->columns == matrix->children.size());
  if (is_vector && policy_.vector_as_tuple && (a.kind == Kind::bracket || b.kind == Kind::bracket)) {
    return compare_in_order(children_of(gold), children_of(prediction));
  }
  const bool has_rows = a.kind == Kind::bracket || b.kind == Kind::bracket;
  if (matrix != nullptr && has_rows)
    return compare_rows(a.kind == Kind::matrix ? gold : prediction, a.kind == Kind::matrix ? prediction : gold,
                        a.kind == Kind::matrix);
  if (a.kind == b.kind && a.text == b.text) return compare_in_order(children_of(gold), children_of(prediction));
  return Outcome::different;
}

Outcome Comparer::compare_matrices(const Term& gold, const Term& prediction) {
  const Node &a = gold.node(), &b = prediction.node();
  if (a.columns != b.columns || a.text != b.text) return Outcome::different;
  return compare_in_order(children_of(gold), children_of(prediction));
}

// [[1, 2], [3, 4]] for a matrix.
Outcome Comparer::compare_rows(const Term& matrix, const Term& rows, bool is_matrix_gold) {
  std::vector<Term> cells;
  for (const Term& row : children_of(rows)) {
    if (row.node().kind != Kind::bracket || row.node().children.size() != matrix.node().columns)
      return Outcome::different;
    for (const Term& cell : children_of(row)) cells.push_back(cell);
  }
  return is_matrix_gold ? compare_in_order(children_of(matrix), cells) : compare_in_order(cells, children_of(matrix));
}

// Ratios are equal up to a factor; times of day are not, and what could be either is compared as written.
Outcome Comparer::compare_ratios(const Term& gold, const Term& prediction) {
  const Node &a = gold.node(), &b = prediction.node();
  if (a.kind != b.kind) {
    const Term &ratio = a.kind == Kind::ratio ? gold : prediction, &value = a.kind == Kind::ratio ? prediction : gold;
    if (ratio.node().children.size() != 2) return Outcome::different;
    const auto above = exact_value(ratio.child(0), context_), below = exact_value(ratio.child(1), context_);
    const auto plain = exact_value(value, context_);
    if (!above || !below || !plain || below->is_zero() || !pays(context_, *above, *below)) return Outcome::different;
    return *above / *below == *plain ? Outcome::equal : Outcome::different;
  }
  if (a.children.size() != b.children.size()) return Outcome::different;
  const Outcome literal = compare_in_order(children_of(gold), children_of(prediction));
  if (literal == Outcome::equal || (a.is_time && b.is_time)) return literal;
  for (size_t i = 1; i < a.children.size(); ++i) {
    if (!are_equal_products(gold.child(0), prediction.child(i), gold.child(i), prediction.child(0)))
      return Outcome::different;
  }
  return Outcome::equal;
}

// a b = c d for certain, none of them zero.
bool Comparer::are_equal_products(const Term& a, const Term& b, const Term& c, const Term& d) const {
  const auto a1 = fingerprint(a, context_), b1 = fingerprint(b, context_), c1 = fingerprint(c, context_),
             d1 = fingerprint(d, context_);
  if (a1 && b1 && c1 && d1) return !is_zero(*a1) && !is_zero(*d1) && *a1 * *b1 == *c1 * *d1;
  if (has_symbols(a) || has_symbols(b) || has_symbols(c) || has_symbols(d)) return false;
  const auto a2 = numeric_value(a, context_), b2 = numeric_value(b, context_), c2 = numeric_value(c, context_),
             d2 = numeric_value(d, context_);
  if (!a2 || !b2 || !c2 || !d2 || a2->re.contains_zero() || d2->re.contains_zero()) return false;
  const ComplexBall left = *a2 * *b2, difference = left - *c2 * *d2;
  return difference.re.contains_zero() && difference.im.contains_zero() &&
         upper_bound(difference.re) < upper_bound(left.re) * Radius::of(1, -140);
}

Outcome Comparer::compare_based(const Term& gold, const Term& prediction) {
  const Node &a = gold.node(), &b = prediction.node();
  const auto digits = [&](const Node& node) { return Integer::from_digits(node.text, 36); };
  if (a.kind == Kind::based && b.kind == Kind::based) {
    return a.value == b.value && digits(a) == digits(b) ? Outcome::equal : Outcome::different;
  }
  const Term &based = a.kind == Kind::based ? gold : prediction, &other = a.kind == Kind::based ? prediction : gold;
  const auto plain = exact_value(other, context_);
  if (!plain) return Outcome::different;
  const bool is_decimal = based.node().value == Fraction(10);
  // Without its base 204_5 is written 204.
  if (!is_decimal && !policy_.bare_base) return Outcome::different;
  const auto written = Integer::from_digits(based.node().text, 10);
  return written && Fraction(*written) == *plain ? Outcome::equal : Outcome::different;
}

bool Comparer::is_reduced(const Term& term) const {
  const Node& node = term.node();
  if (policy_.unreduced_fraction) return true;
  if (node.kind == Kind::negate) return is_reduced(term.child(0));
  if (node.kind != Kind::quotient) return true;
  const auto above = exact_value(term.child(0), context_), below = exact_value(term.child(1), context_);
  if (!above || !below || !above->is_integer() || !below->is_integer()) return true;
  if (!pays_gcd(context_, above->num(), below->num())) return true;
  return gcd(above->num(), below->num()) == Integer(1) && absolute(*below) != Fraction(1);
}

}  // namespace lockstep::rewards::math
