// SPDX-License-Identifier: Apache-2.0
// Lists, sets, tuples and what +- stands for.
#include <algorithm>

#include "rewards/math/comparer.h"

namespace lockstep::rewards::math {
namespace {

constexpr size_t kMaxElements = 256;

std::vector<Term> elements_of(const Term& term) {
  const Node& node = term.node();
  if (node.kind != Kind::list && node.kind != Kind::set) return with_both_signs(term);
  std::vector<Term> elements;
  for (const Term& child : children_of(term)) {
    for (const Term& element : with_both_signs(child)) elements.push_back(element);
  }
  return elements;
}

// x = 1, 2, 3 and x = 1, x = 2 name one variable: its values count.
struct Values {
  std::optional<Term> name;
  std::vector<Term> values;
  bool has_several_names = false;  // x = 1, y = 2
};

Values values_of(const std::vector<Term>& elements) {
  Values result;
  for (size_t i = 0; i < elements.size(); ++i) {
    const auto assignment = assignment_of(elements[i]);
    if (!assignment || !is_name(assignment->name)) {
      result.values.push_back(elements[i]);
      continue;
    }
    if (!result.name && i == 0) result.name = assignment->name;
    result.has_several_names |= !result.name || !is_same_tree(*result.name, assignment->name);
    for (const Term& value : with_both_signs(assignment->value)) result.values.push_back(value);
  }
  return result;
}

bool has_ellipsis(const std::vector<Term>& elements) {
  return std::any_of(elements.begin(), elements.end(), [](const Term& element) {
    return element.node().kind == Kind::symbol && element.node().text == "...";
  });
}

}  // namespace

Outcome Comparer::compare_collections(const Term& gold, const Term& prediction) {
  const Node &a = gold.node(), &b = prediction.node();
  if (a.kind == Kind::bracket || b.kind == Kind::bracket) {
    const Node& bracket = a.kind == Kind::bracket ? a : b;
    const Node& other = a.kind == Kind::bracket ? b : a;
    // 1, 3 for (1, 3): the order counts. A list of one bracket is that bracket.
    const bool is_tuple = (bracket.text == "()" || bracket.text == "[]") && other.kind != Kind::set;
    if (!has_plus_minus(gold) && !has_plus_minus(prediction) && is_tuple && policy_.bare_tuple &&
        other.children.size() == bracket.children.size()) {
      const Values left = values_of(children_of(gold)), right = values_of(children_of(prediction));
      if (left.values.size() == right.values.size()) return compare_in_order(left.values, right.values);
    }
    if (other.children.size() > 1 && !has_plus_minus(gold) && !has_plus_minus(prediction)) return Outcome::different;
  }
  const std::vector<Term> left = elements_of(gold), right = elements_of(prediction);
  if (left.size() > kMaxElements || right.size() > kMaxElements) return Outcome::undecided;
  if (is_ordered_ || has_ellipsis(left) || has_ellipsis(right)) return compare_in_order(left, right);
  const bool has_words =
      (a.kind == Kind::list && b.kind == Kind::list && a.text != b.text && a.text != "," && b.text != ",");
  const bool has_relation =
      std::any_of(left.begin(), left.end(), [](const Term& t) { return t.node().kind == Kind::relation; });
  // "x > 1 and x < 3" is not "x > 1 or x < 3".
  if (has_words && has_relation && !values_of(left).name) return Outcome::different;
  if (values_of(left).name || values_of(right).name) return compare_assigned(left, right);
  return compare_as_sets(left, right);
}

// At least one side names its values.
Outcome Comparer::compare_assigned(const std::vector<Term>& gold, const std::vector<Term>& prediction) {
  const Outcome as_relations =
      gold.size() == prediction.size() ? compare_as_sets(gold, prediction) : Outcome::different;
  if (as_relations == Outcome::equal) return as_relations;
  const Values a = values_of(gold), b = values_of(prediction);
  if (a.has_several_names || b.has_several_names) {
    // Names on both sides have to agree, and have not; bare values must come in the order of the names.
    const bool has_bare_side = a.values.size() == b.values.size() && (!a.name || !b.name);
    return has_bare_side && policy_.bare_value ? compare_in_order(a.values, b.values) : Outcome::different;
  }
  if (a.name && b.name && !is_same_tree(*a.name, *b.name)) return Outcome::different;
  return compare_as_sets(a.values, b.values);
}

Outcome Comparer::compare_in_order(const std::vector<Term>& gold, const std::vector<Term>& prediction) {
  if (gold.size() != prediction.size()) return Outcome::different;
  Outcome result = Outcome::equal;
  for (size_t i = 0; i < gold.size(); ++i) {
    const Outcome outcome = compare(gold[i], prediction[i]);
    if (outcome == Outcome::different) return outcome;
    if (outcome == Outcome::undecided) result = outcome;
  }
  return result;
}

// Each element has an equal one on the other side; repetitions do not count.
Outcome Comparer::compare_as_sets(const std::vector<Term>& gold, const std::vector<Term>& prediction) {
  if (gold.empty() || prediction.empty())
    return gold.empty() == prediction.empty() ? Outcome::equal : Outcome::different;
  std::vector<bool> is_matched(prediction.size());
  bool has_undecided = false;
  for (const Term& element : gold) {
    bool is_found = false;
    for (size_t i = 0; i < prediction.size(); ++i) {
      if (is_found && is_matched[i]) continue;
      const Outcome outcome = compare(element, prediction[i]);
      has_undecided |= outcome == Outcome::undecided;
      if (outcome != Outcome::equal) continue;
      is_found = is_matched[i] = true;
    }
    if (!is_found) return has_undecided ? Outcome::undecided : Outcome::different;
  }
  if (std::find(is_matched.begin(), is_matched.end(), false) == is_matched.end()) return Outcome::equal;
  return has_undecided ? Outcome::undecided : Outcome::different;
}

Outcome Comparer::compare_brackets(const Term& gold, const Term& prediction) {
  const Node &a = gold.node(), &b = prediction.node();
  // Pairs may be intervals, whose ends matter; longer brackets are tuples in any dress.
  if (a.children.size() == 2 && a.text != b.text) return Outcome::different;
  return compare_in_order(children_of(gold), children_of(prediction));
}

}  // namespace lockstep::rewards::math
