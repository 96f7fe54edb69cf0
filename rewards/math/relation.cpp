// SPDX-License-Identifier: Apache-2.0
// Equations up to a factor, inequalities up to a positive one, and values with or without a name.
#include <algorithm>
#include <array>

#include "rewards/math/comparer.h"

namespace lockstep::rewards::math {
namespace {

bool is_inequality(Relation relation) {
  return relation == Relation::less || relation == Relation::less_equal || relation == Relation::greater ||
         relation == Relation::greater_equal || relation == Relation::not_equal;
}

bool is_all_inequalities(const Node& node) {
  return node.kind == Kind::relation && std::all_of(node.relations.begin(), node.relations.end(), is_inequality);
}

bool is_membership(const Node& node) {
  return node.kind == Kind::relation && node.relations.size() == 1 && node.relations[0] == Relation::member;
}

bool is_region_like(const Node& node) {
  return node.kind == Kind::bracket || node.kind == Kind::unite || node.kind == Kind::set ||
         node.kind == Kind::intersect || node.kind == Kind::except ||
         (node.kind == Kind::symbol && node.text == "\\bbR");
}

bool are_inequalities(const Term& list) {
  const std::vector<Term> children = children_of(list);
  return std::all_of(children.begin(), children.end(),
                     [](const Term& child) { return is_all_inequalities(child.node()); });
}

std::vector<Step> steps_of(const Term& term) {
  const Node& node = term.node();
  std::vector<Step> steps;
  for (size_t i = 0; i < node.relations.size(); ++i) {
    const Relation relation = node.relations[i];
    const bool is_turned = relation == Relation::greater || relation == Relation::greater_equal;
    const Relation straight = relation == Relation::greater         ? Relation::less
                              : relation == Relation::greater_equal ? Relation::less_equal
                                                                    : relation;
    const Term left = term.child(i), right = term.child(i + 1);
    steps.push_back({is_turned ? right : left, is_turned ? left : right, straight});
  }
  return steps;
}

// The numerator of l - r at three random points, modulo primes.
constexpr size_t kNumPoints = 3;
using Prints = std::array<Fingerprint, kNumPoints>;

std::optional<Prints> differences(const Term& left, const Term& right, const Context& context) {
  Prints result;
  for (size_t i = 0; i < kNumPoints; ++i) {
    const auto difference = numerator_of_difference(left, right, context, i + 1);
    if (!difference || is_zero(*difference)) return std::nullopt;  // always true, or a coincidence: nothing to compare
    result[i] = *difference;
  }
  return result;
}

}  // namespace

Outcome Comparer::compare_relations(const Term& gold, const Term& prediction) {
  const Node &a = gold.node(), &b = prediction.node();
  if (a.kind != Kind::relation) return compare_with_value(prediction, gold, false);
  if (b.kind != Kind::relation) return compare_with_value(gold, prediction, true);
  const auto assigned_gold = assignment_of(gold), assigned = assignment_of(prediction);
  if (assigned_gold && assigned) {
    const bool has_names = is_name(assigned_gold->name) && is_name(assigned->name);
    if (has_names && is_same_tree(assigned_gold->name, assigned->name))
      return compare(assigned_gold->value, assigned->value);
    return compare_equations(gold, prediction);
  }
  if (is_all_inequalities(a) && is_all_inequalities(b)) {
    const Outcome outcome = compare_inequalities(gold, prediction);
    if (outcome == Outcome::equal) return outcome;
    return compare_regions(gold, prediction).value_or(outcome);
  }
  if (is_membership(a) && is_membership(b)) {
    const bool is_same_name = is_same_tree(gold.child(0), prediction.child(0));
    return is_same_name ? compare(gold.child(1), prediction.child(1)) : Outcome::different;
  }
  const bool is_gold_set = is_membership(a);
  if ((is_gold_set && is_all_inequalities(b)) || (is_membership(b) && is_all_inequalities(a))) {
    if (is_gold_set && !policy_.relation_for_set) return Outcome::different;
    return compare_regions(gold, prediction).value_or(Outcome::different);
  }
  if (a.relations != b.relations) return Outcome::different;
  return compare_in_order(children_of(gold), children_of(prediction));
}

// x = 5 against 5, x in S against S, 0 < x < 1 against (0, 1).
Outcome Comparer::compare_with_value(const Term& relation, const Term& value, bool is_relation_gold) {
  const auto compare_value = [&](const Term& of_relation) {
    return is_relation_gold ? compare(of_relation, value) : compare(value, of_relation);
  };
  const Node& node = relation.node();
  if (is_membership(node)) return policy_.bare_value ? compare_value(relation.child(1)) : Outcome::different;
  if (is_all_inequalities(node)) {
    const bool is_allowed = is_relation_gold || policy_.relation_for_set;
    if (!is_region_like(value.node()) || !is_allowed) {
      if (value.node().kind != Kind::list) return Outcome::different;
      // 1 < x < 3 against "x > 1 and x < 3"; a part against the whole is decided where lists are.
      if (are_inequalities(value) && compare_regions(relation, value) == Outcome::equal) return Outcome::equal;
      return compare_as_sets({relation}, children_of(value));
    }
    const auto outcome = is_relation_gold ? compare_regions(relation, value) : compare_regions(value, relation);
    return outcome.value_or(Outcome::different);
  }
  const auto assignment = assignment_of(relation);
  if (!assignment || !policy_.bare_value) return Outcome::different;
  if (is_name(assignment->name)) {
    const bool is_list = value.node().kind == Kind::list && assignment->name.node().kind == Kind::bracket;
    return is_list ? compare_named_tuple(*assignment, value) : compare_value(assignment->value);
  }
  if (is_name(assignment->value) && !has_symbols(assignment->name)) return compare_value(assignment->name);
  // A calculation that ends in the value: 2 + 3 = 5, and from the model also a + b = 5. Where the gold answer is such an
  // equation, its right side alone is no answer.
  if (has_symbols(assignment->value)) return Outcome::different;
  if (!has_symbols(assignment->name)) {
    const bool is_true = compare_scalars(assignment->name, assignment->value) == Outcome::equal;
    return is_true ? compare_value(assignment->value) : Outcome::different;
  }
  return is_relation_gold ? Outcome::different : compare_value(assignment->value);
}

// (x, y) = (1, 2) against x = 1, y = 2 in any order.
Outcome Comparer::compare_named_tuple(const Assignment& tuple, const Term& list) {
  const Node& name = tuple.name.node();
  if (tuple.value.node().kind != Kind::bracket || tuple.value.node().children.size() != name.children.size() ||
      list.node().children.size() != name.children.size()) {
    return compare(tuple.value, list);
  }
  for (size_t i = 0; i < name.children.size(); ++i) {
    Outcome outcome = Outcome::different;
    bool has_assignments = false;
    for (const Term& element : children_of(list)) {
      const auto assignment = assignment_of(element);
      has_assignments |= assignment.has_value();
      if (assignment && is_same_tree(assignment->name, tuple.name.child(i)))
        outcome = compare(tuple.value.child(i), assignment->value);
    }
    if (!has_assignments) return compare(tuple.value, list);
    if (outcome != Outcome::equal) return outcome;
  }
  return Outcome::equal;
}

// l1 - r1 = c (l2 - r2) for a constant c.
Outcome Comparer::are_proportional(const Step& gold, const Step& other, bool is_signed) {
  if (!is_signed) {
    const auto a = differences(gold.left, gold.right, context_);
    const auto b = a ? differences(other.left, other.right, context_) : std::nullopt;
    if (a && b) {
      for (size_t i = 1; i < kNumPoints; ++i) {
        if ((*a)[0] * (*b)[i] != (*a)[i] * (*b)[0]) return Outcome::different;
      }
      return Outcome::equal;
    }
  }
  return have_constant_ratio(gold, other, is_signed);
}

// The same at sample points, where the sign of c can be seen.
Outcome Comparer::have_constant_ratio(const Step& gold, const Step& other, bool is_signed) {
  using Class = SamplePoint::Class;
  static constexpr std::array<Class, 6> kClasses = {Class::medium, Class::small,   Class::negative,
                                                    Class::medium, Class::integer, Class::negative};
  std::optional<Ball> first;
  int num_equal = 0;
  for (size_t i = 0; i < kClasses.size(); ++i) {
    const SamplePoint point = {.range = kClasses[i], .seed = i + 1};
    const auto a = difference_at(gold, point), b = a ? difference_at(other, point) : std::nullopt;
    const MaybeBall ratio = b ? divide(*a, *b) : std::nullopt;
    if (!ratio) continue;
    if (ratio->contains_zero() || (is_signed && ratio->is_negative())) return Outcome::different;
    if (!first) first = ratio;
    const Ball change = *ratio - *first;
    if (!change.contains_zero()) return Outcome::different;
    num_equal += upper_bound(change) < upper_bound(*first) * Radius::of(1, -100) ? 1 : 0;
  }
  return num_equal >= 3 ? Outcome::equal : Outcome::undecided;
}

MaybeBall Comparer::difference_at(const Step& step, const SamplePoint& point) const {
  const auto left = numeric_value(step.left, context_, point);
  const auto right = left ? numeric_value(step.right, context_, point) : std::nullopt;
  if (!right || !left->is_real() || !right->is_real()) return std::nullopt;
  return left->re - right->re;
}

// Chains count by their ends: y = 2x + 3 = ... says what its first and last part say.
Outcome Comparer::compare_equations(const Term& gold, const Term& prediction) {
  const auto a = assignment_of(gold), b = assignment_of(prediction);
  const Step left = {a->name, a->value, Relation::equal}, right = {b->name, b->value, Relation::equal};
  // A chain of expressions, as of a line in space, is all of its parts.
  if (gold.node().relations.size() > 1 || prediction.node().relations.size() > 1) {
    if (!is_name(a->name) || !is_name(b->name)) return compare_in_order(children_of(gold), children_of(prediction));
  }
  const bool has_structure = a->value.node().kind == Kind::bracket || b->value.node().kind == Kind::bracket ||
                             a->value.node().kind == Kind::list || b->value.node().kind == Kind::list;
  if (has_structure) return Outcome::different;
  return are_proportional(left, right, false);
}

// Every step of one chain is a step of the other, up to a positive factor.
Outcome Comparer::compare_inequalities(const Term& gold, const Term& prediction) {
  const std::vector<Step> a = steps_of(gold), b = steps_of(prediction);
  if (a.size() != b.size()) return Outcome::different;
  const auto is_covered = [&](const std::vector<Step>& inner, const std::vector<Step>& outer) {
    return std::all_of(inner.begin(), inner.end(), [&](const Step& step) {
      return std::any_of(outer.begin(), outer.end(), [&](const Step& other) {
        if (step.relation != other.relation) return false;
        return are_proportional(step, other, step.relation != Relation::not_equal) == Outcome::equal;
      });
    });
  };
  return is_covered(a, b) && is_covered(b, a) ? Outcome::equal : Outcome::different;
}

}  // namespace lockstep::rewards::math
