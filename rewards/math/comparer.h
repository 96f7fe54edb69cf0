// SPDX-License-Identifier: Apache-2.0
// Equality of two parsed answers, by kind.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "rewards/math/modular.h"
#include "rewards/math/numeric.h"
#include "rewards/math/policy.h"

namespace lockstep::rewards::math {

// undecided: no value within the limits. It counts as different, but is told apart.
enum class Outcome { equal, different, undecided };

// The value that a relation of equalities assigns: x = 5 + 6 = 11 ~ 11.0 gives 11. Nothing for other relations.
struct Assignment {
  Term name, value;
};

// One step of a chain of relations, turned so that it reads small < large, small <= large, a != b or a = b.
struct Step {
  Term left, right;
  Relation relation;
};

class Comparer {
 public:
  Comparer(const Policy& policy, const Context& context) : policy_(policy), context_(context) {}

  // `gold` and `prediction` as whole answers: the leniencies of the policy apply.
  Outcome compare(const Term& gold, const Term& prediction);
  // Lists are compared in order.
  void require_order() { is_ordered_ = true; }

 private:
  // An answer without its unit and percent sign.
  struct Amount {
    Term core;
    std::string unit;
    bool is_percent = false;
  };
  static Amount amount_of(Term term);
  bool can_walk(const Term& gold, const Term& prediction) const;
  Outcome compare_percent(const Amount& gold, const Amount& prediction);
  Outcome compare_cores(const Term& gold, const Term& prediction);
  Outcome compare_structures(const Term& gold, const Term& prediction);
  Outcome compare_matrices(const Term& gold, const Term& prediction);
  Outcome compare_rows(const Term& matrix, const Term& rows, bool is_matrix_gold);
  Outcome compare_ratios(const Term& gold, const Term& prediction);
  Outcome compare_based(const Term& gold, const Term& prediction);
  bool is_reduced(const Term& term) const;

  // scalar.cpp
  Outcome compare_scalars(const Term& gold, const Term& prediction);
  Outcome compare_decimals(const Term& gold, const Term& prediction);
  Outcome compare_constants(const Term& gold, const Term& prediction);
  Outcome compare_samples(const Term& gold, const Term& prediction);
  std::optional<Outcome> compare_at(const Term& gold,
                                    const Term& prediction,
                                    const SamplePoint& point,
                                    bool is_complex) const;
  bool can_subtract(const Fraction& a, const Fraction& b) const;
  bool are_equal_products(const Term& a, const Term& b, const Term& c, const Term& d) const;

  // collection.cpp
  Outcome compare_collections(const Term& gold, const Term& prediction);
  Outcome compare_assigned(const std::vector<Term>& gold, const std::vector<Term>& prediction);
  Outcome compare_in_order(const std::vector<Term>& gold, const std::vector<Term>& prediction);
  Outcome compare_as_sets(const std::vector<Term>& gold, const std::vector<Term>& prediction);
  Outcome compare_brackets(const Term& gold, const Term& prediction);

  // relation.cpp
  Outcome compare_relations(const Term& gold, const Term& prediction);
  Outcome compare_with_value(const Term& relation, const Term& value, bool is_relation_gold);
  Outcome compare_equations(const Term& gold, const Term& prediction);
  Outcome compare_inequalities(const Term& gold, const Term& prediction);
  Outcome compare_named_tuple(const Assignment& tuple, const Term& list);
  Outcome are_proportional(const Step& gold, const Step& other, bool is_signed);
  Outcome have_constant_ratio(const Step& gold, const Step& other, bool is_signed);
  MaybeBall difference_at(const Step& step, const SamplePoint& point) const;

  // region.cpp
  std::optional<Outcome> compare_regions(const Term& gold, const Term& prediction);

  const Policy& policy_;
  const Context& context_;
  bool is_ordered_ = false;
};

// Facts about terms (terms.cpp).
bool has_plus_minus(const Term& term);
std::set<std::string> symbols_of(const Term& term);
bool has_symbols(const Term& term);
bool has_imaginary_unit(const Term& term);
bool needs_integers(const Term& term);  // factorials, sums up to n, binomials: known where their operands are integers
int infinite_sign(const Term& term);    // 1 or -1 for +-infinity, else 0
bool is_same_tree(const Term& a, const Term& b);
std::vector<Term> children_of(const Term& term);
// Both signs of a term with +-, else the term itself.
std::vector<Term> with_both_signs(const Term& term);
// May the term be the left side of "name = value"? A variable, f(x), |AB|, a product or tuple of variables.
bool is_name(const Term& term);

std::optional<Assignment> assignment_of(const Term& term);

}  // namespace lockstep::rewards::math
