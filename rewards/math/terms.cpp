// SPDX-License-Identifier: Apache-2.0
// Facts about terms that need no arithmetic.
#include <algorithm>

#include "rewards/math/comparer.h"

namespace lockstep::rewards::math {
namespace {

template <class Predicate>
bool any_node(const Term& term, const Predicate& predicate) {
  if (predicate(term.node())) return true;
  for (size_t i = 0; i < term.node().children.size(); ++i) {
    if (any_node(term.child(i), predicate)) return true;
  }
  return false;
}

void collect_symbols(const Term& term, std::set<std::string>& symbols) {
  const Node& node = term.node();
  if (node.kind == Kind::symbol) symbols.insert(node.text);
  for (size_t i = 0; i < node.children.size(); ++i) {
    // The variable of a sum is bound.
    if (node.kind != Kind::sum_over || i != 0) collect_symbols(term.child(i), symbols);
  }
  if (node.kind == Kind::sum_over) symbols.erase(term.child(0).node().text);
}

}  // namespace

bool has_plus_minus(const Term& term) {
  return term.sign == 0 && any_node(term, [](const Node& node) { return node.kind == Kind::plus_minus; });
}

std::set<std::string> symbols_of(const Term& term) {
  std::set<std::string> symbols;
  collect_symbols(term, symbols);
  return symbols;
}

bool has_symbols(const Term& term) {
  return any_node(term, [](const Node& node) { return node.kind == Kind::symbol || node.kind == Kind::call; });
}

bool has_imaginary_unit(const Term& term) {
  return any_node(term, [](const Node& node) { return node.kind == Kind::constant && node.text == "i"; });
}

bool needs_integers(const Term& term) {
  return any_node(term, [](const Node& node) {
    return node.kind == Kind::factorial || node.kind == Kind::sum_over ||
           (node.kind == Kind::function && node.text == "binom");
  });
}

int infinite_sign(const Term& term) {
  const Node& node = term.node();
  if (node.kind == Kind::constant) return node.text == "infty" ? 1 : 0;
  return node.kind == Kind::negate ? -infinite_sign(term.child(0)) : 0;
}

bool is_same_tree(const Term& a, const Term& b) {
  const Node &x = a.node(), &y = b.node();
  if (x.kind != y.kind || x.text != y.text || x.value != y.value || x.columns != y.columns ||
      x.relations != y.relations || x.children.size() != y.children.size()) {
    return false;
  }
  if (x.kind == Kind::plus_minus && a.sign != b.sign) return false;
  for (size_t i = 0; i < x.children.size(); ++i) {
    if (!is_same_tree(a.child(i), b.child(i))) return false;
  }
  return true;
}

std::vector<Term> children_of(const Term& term) {
  std::vector<Term> children;
  for (size_t i = 0; i < term.node().children.size(); ++i) children.push_back(term.child(i));
  return children;
}

std::vector<Term> with_both_signs(const Term& term) {
  if (!has_plus_minus(term)) return {term};
  return {{term.expression, term.id, 1}, {term.expression, term.id, -1}};
}

bool is_name(const Term& term) {
  const Node& node = term.node();
  const auto are_names = [&] {
    for (size_t i = 0; i < node.children.size(); ++i) {
      if (!is_name(term.child(i))) return false;
    }
    return true;
  };
  switch (node.kind) {
    case Kind::symbol:
      return true;
    case Kind::constant:
      return node.text == "e" || node.text == "i";
    case Kind::call:
      return node.text != "pmod" && node.text != "forall" && node.text != "exists";
    case Kind::product:
    case Kind::bracket:
    case Kind::ratio:
      return node.children.size() <= 6 && are_names();
    case Kind::function:
      return node.text == "abs" && are_names();
    case Kind::unit:
      return are_names();
    default:
      return false;
  }
}

std::optional<Assignment> assignment_of(const Term& term) {
  const Node& node = term.node();
  if (node.kind != Kind::relation) return std::nullopt;
  size_t last = node.relations.size();
  for (size_t i = 0; i < node.relations.size(); ++i) {
    if (node.relations[i] != Relation::equal && node.relations[i] != Relation::approximate) return std::nullopt;
    // What follows an approximation is less exact than what stands before it.
    if (i > 0 && node.relations[i] == Relation::approximate) last = std::min(last, i);
  }
  return Assignment{term.child(0), term.child(last)};
}

}  // namespace lockstep::rewards::math
