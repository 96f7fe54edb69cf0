// SPDX-License-Identifier: Apache-2.0
// Subsets of the real line: intervals, unions, solved inequalities, brought to sorted disjoint pieces.
#include <algorithm>

#include "rewards/math/comparer.h"

namespace lockstep::rewards::math {
namespace {

constexpr size_t kMaxPieces = 64;

// One end of a piece; without a term it is at infinity.
struct End {
  std::optional<Term> term;
  bool is_closed = false;
};
struct Piece {
  End low, high;  // a point has the same term twice, closed
};
using Pieces = std::optional<std::vector<Piece>>;

class Reader {
 public:
  explicit Reader(const Context& context) : context_(context) {}

  Pieces read(const Term& term) {
    const Node& node = term.node();
    switch (node.kind) {
      case Kind::bracket:
        return interval(term);
      case Kind::set:
        return points(term);
      case Kind::unite:
        return joined(term);
      case Kind::list:
        return listed(term);
      case Kind::builder:
        return built(term);
      case Kind::except:
        return without_points(term);
      case Kind::intersect:
        return overlap(term);
      case Kind::relation:
        return solved(term);
      case Kind::symbol:
        if (node.text == "\\bbR") return std::vector<Piece>{Piece{}};
        return std::nullopt;
      default:
        return std::nullopt;
    }
  }

  // Sorts, and joins what overlaps or touches. Nothing when ends cannot be ordered (symbols).
  Pieces normal(std::vector<Piece> pieces) {
    for (Piece& piece : pieces) {
      const auto order = compare_ends(piece.low, piece.high);
      if (!order) return std::nullopt;
    }
    std::erase_if(pieces, [&](const Piece& piece) { return is_empty(piece); });
    // Few pieces, and an order that enclosures may leave open: insertion sort cannot be led astray.
    for (size_t i = 1; i < pieces.size(); ++i) {
      for (size_t j = i; j > 0; --j) {
        const auto order = compare_lows(pieces[j].low, pieces[j - 1].low);
        if (!order) return std::nullopt;
        if (*order >= 0) break;
        std::swap(pieces[j], pieces[j - 1]);
      }
    }
    std::vector<Piece> result;
    for (const Piece& piece : pieces) {
      if (result.empty() || !touches(result.back(), piece)) {
        result.push_back(piece);
      } else if (extends(result.back().high, piece.high)) {
        result.back().high = piece.high;
      }
    }
    return result;
  }

  // The variable that all relations of the term speak about, if any.
  std::optional<std::string> variable;

 private:
  static End end_of(const Term& term, bool is_closed) {
    if (infinite_sign(term) != 0) return {};
    return {term, is_closed};
  }

  Pieces interval(const Term& term) {
    const Node& node = term.node();
    if (node.children.size() != 2 || has_plus_minus(term)) return std::nullopt;
    if (infinite_sign(term.child(0)) > 0 || infinite_sign(term.child(1)) < 0) return std::nullopt;
    return std::vector<Piece>{{end_of(term.child(0), node.text[0] == '['), end_of(term.child(1), node.text[1] == ']')}};
  }

  Pieces points(const Term& term) {
    std::vector<Piece> pieces;
    for (const Term& child : children_of(term)) {
      if (infinite_sign(child) != 0) return std::nullopt;
      for (const Term& point : with_both_signs(child)) pieces.push_back({{point, true}, {point, true}});
    }
    return pieces;
  }

  Pieces joined(const Term& term) {
    std::vector<Piece> pieces;
    for (const Term& child : children_of(term)) {
      const Pieces part = read(child);
      if (!part) return std::nullopt;
      pieces.insert(pieces.end(), part->begin(), part->end());
    }
    return pieces.size() <= kMaxPieces ? Pieces(std::move(pieces)) : std::nullopt;
  }

  // "x < 1 or x > 3" is a union, "x > 1 and x < 3" an overlap; intervals side by side are a union.
  Pieces listed(const Term& term) {
    const Node& node = term.node();
    const std::vector<Term> children = children_of(term);
    const bool has_relation =
        std::any_of(children.begin(), children.end(), [](const Term& t) { return t.node().kind == Kind::relation; });
    if (!has_relation || node.text == "or") return joined(term);
    return node.text == "and" && children.size() == 2 ? overlap(term) : std::nullopt;
  }

  // {x in R : x > 1}: the variable is bound.
  Pieces built(const Term& term) {
    const Node& element = term.child(0).node();
    const bool is_real = element.kind == Kind::relation && element.relations.size() == 1 &&
                         element.relations[0] == Relation::member && term.child(0).child(1).node().text == "\\bbR";
    const Term name = is_real ? term.child(0).child(0) : term.child(0);
    if (!take_variable(name)) return std::nullopt;
    const Pieces pieces = read(term.child(1));
    variable.reset();
    return pieces;
  }

  Pieces without_points(const Term& term) {
    Pieces pieces = read(term.child(0));
    const Pieces removed = term.child(1).node().kind == Kind::set ? read(term.child(1)) : std::nullopt;
    for (size_t i = 0; pieces && removed && i < removed->size(); ++i) pieces = cut(*pieces, *(*removed)[i].low.term);
    return removed ? pieces : std::nullopt;
  }

  Pieces cut(const std::vector<Piece>& pieces, const Term& point) {
    std::vector<Piece> result;
    for (const Piece& piece : pieces) {
      const End at = {point, true};
      const auto from_low = compare_ends(piece.low, at), to_high = compare_ends(at, piece.high);
      if (!from_low || !to_high) return std::nullopt;
      if (*from_low > 0 || *to_high > 0) {
        result.push_back(piece);
        continue;
      }
      result.push_back({piece.low, {point, false}});
      result.push_back({{point, false}, piece.high});
    }
    return result.size() <= kMaxPieces ? Pieces(std::move(result)) : std::nullopt;
  }

  Pieces overlap(const Term& term) {
    const Pieces a = read(term.child(0)), b = a ? read(term.child(1)) : std::nullopt;
    if (!b || a->size() * b->size() > kMaxPieces) return std::nullopt;
    std::vector<Piece> result;
    for (const Piece& x : *a) {
      for (const Piece& y : *b) {
        const auto lows = compare_lows(x.low, y.low), highs = compare_highs(x.high, y.high);
        if (!lows || !highs) return std::nullopt;
        const Piece both = {*lows < 0 ? y.low : x.low, *highs < 0 ? x.high : y.high};
        if (!compare_ends(both.low, both.high)) return std::nullopt;
        if (!is_empty(both)) result.push_back(both);
      }
    }
    return result;
  }

  // x in S, x != a, and chains like a < x <= b with the variable alone on its side.
  Pieces solved(const Term& term) {
    const Node& node = term.node();
    if (node.relations.size() == 1 && node.relations[0] == Relation::member) {
      return take_variable(term.child(0)) ? read(term.child(1)) : std::nullopt;
    }
    if (node.relations.size() == 1 && node.relations[0] == Relation::not_equal) {
      const Term& point = is_name(term.child(0)) ? term.child(1) : term.child(0);
      const Term& name = is_name(term.child(0)) ? term.child(0) : term.child(1);
      if (!take_variable(name)) return std::nullopt;
      std::vector<Piece> pieces = {Piece{}};
      for (const Term& one : with_both_signs(point)) {
        const Pieces rest = cut(pieces, one);
        if (!rest) return std::nullopt;
        pieces = *rest;
      }
      return pieces;
    }
    return chain(term);
  }

  Pieces chain(const Term& term) {
    const Node& node = term.node();
    std::optional<size_t> at;
    for (size_t i = 0; i < node.children.size(); ++i) {
      if (is_name(term.child(i))) at = at ? std::nullopt : std::optional(i);
    }
    if (!at || node.children.size() > 3 || !take_variable(term.child(*at))) return std::nullopt;
    Piece piece;
    for (size_t i = 0; i < node.relations.size(); ++i) {
      if (i != *at && i + 1 != *at) return std::nullopt;
      const Relation relation = node.relations[i];
      const bool is_less = relation == Relation::less || relation == Relation::less_equal;
      const bool is_greater = relation == Relation::greater || relation == Relation::greater_equal;
      if (!is_less && !is_greater) return std::nullopt;
      const bool is_left = i == *at;  // the variable stands on the left of this sign
      const Term bound = term.child(is_left ? i + 1 : i);
      if (infinite_sign(bound) != 0) continue;
      End& end = is_left == is_less ? piece.high : piece.low;
      if (end.term) return std::nullopt;
      end = {bound, relation == Relation::less_equal || relation == Relation::greater_equal};
    }
    return std::vector<Piece>{piece};
  }

  bool take_variable(const Term& name) {
    if (name.node().kind != Kind::symbol) return false;
    if (variable && *variable != name.node().text) return false;
    variable = name.node().text;
    return true;
  }

  std::optional<int> compare_terms(const Term& a, const Term& b) {
    const auto x = exact_value(a, context_), y = x ? exact_value(b, context_) : std::nullopt;
    if (x && y) return *x < *y ? -1 : *x == *y ? 0 : 1;
    if (has_symbols(a) || has_symbols(b)) return std::nullopt;
    const auto u = numeric_value(a, context_), v = u ? numeric_value(b, context_) : std::nullopt;
    if (!v || !u->is_real() || !v->is_real()) return std::nullopt;
    const Ball difference = u->re - v->re;
    return difference.contains_zero() ? 0 : difference.is_negative() ? -1 : 1;
  }

  // A low end (at minus infinity when open-ended) against a high end (at plus infinity).
  std::optional<int> compare_ends(const End& low, const End& high) {
    if (!low.term || !high.term) return -1;
    return compare_terms(*low.term, *high.term);
  }
  std::optional<int> compare_lows(const End& a, const End& b) {
    if (!a.term || !b.term) return a.term ? 1 : b.term ? -1 : 0;
    const auto order = compare_terms(*a.term, *b.term);
    if (!order || *order != 0) return order;
    return a.is_closed == b.is_closed ? 0 : a.is_closed ? -1 : 1;
  }
  std::optional<int> compare_highs(const End& a, const End& b) {
    if (!a.term || !b.term) return a.term ? -1 : b.term ? 1 : 0;
    const auto order = compare_terms(*a.term, *b.term);
    if (!order || *order != 0) return order;
    return a.is_closed == b.is_closed ? 0 : a.is_closed ? 1 : -1;
  }
  bool is_empty(const Piece& piece) {
    const int order = compare_ends(piece.low, piece.high).value_or(-1);
    return order > 0 || (order == 0 && !(piece.low.is_closed && piece.high.is_closed));
  }
  bool touches(const Piece& before, const Piece& after) {
    if (!before.high.term || !after.low.term) return true;
    const int order = compare_terms(*after.low.term, *before.high.term).value_or(1);
    return order < 0 || (order == 0 && (before.high.is_closed || after.low.is_closed));
  }
  bool extends(const End& high, const End& by) { return compare_highs(high, by).value_or(0) < 0; }

  const Context& context_;
};

}  // namespace

// Nothing when one of the two is no region.
std::optional<Outcome> Comparer::compare_regions(const Term& gold, const Term& prediction) {
  Reader reader(context_), other(context_);
  Pieces a = reader.read(gold), b = a ? other.read(prediction) : std::nullopt;
  if (!b) return std::nullopt;
  if (reader.variable && other.variable && *reader.variable != *other.variable) return Outcome::different;
  const Pieces sorted_gold = reader.normal(*a), sorted = sorted_gold ? other.normal(*b) : std::nullopt;
  if (sorted) {
    a = sorted_gold;
    b = sorted;
  }
  const auto compare_ends = [&](const End& x, const End& y) {
    if (!x.term || !y.term) return !x.term && !y.term ? Outcome::equal : Outcome::different;
    return x.is_closed == y.is_closed ? compare(*x.term, *y.term) : Outcome::different;
  };
  const auto compare_pieces = [&](const Piece& x, const Piece& y) {
    const Outcome low = compare_ends(x.low, y.low);
    return low == Outcome::equal ? compare_ends(x.high, y.high) : low;
  };
  if (a->size() != b->size()) return Outcome::different;
  if (sorted) {
    for (size_t i = 0; i < a->size(); ++i) {
      if (const Outcome outcome = compare_pieces((*a)[i], (*b)[i]); outcome != Outcome::equal) return outcome;
    }
    return Outcome::equal;
  }
  // Ends with symbols have no order: every piece must have its equal.
  const auto has_equal = [&](const Piece& piece, const std::vector<Piece>& in) {
    return std::any_of(in.begin(), in.end(),
                       [&](const Piece& one) { return compare_pieces(piece, one) == Outcome::equal; });
  };
  const auto is_inside = [&](const std::vector<Piece>& x, const std::vector<Piece>& y) {
    return std::all_of(x.begin(), x.end(), [&](const Piece& piece) { return has_equal(piece, y); });
  };
  return is_inside(*a, *b) && is_inside(*b, *a) ? Outcome::equal : Outcome::different;
}

}  // namespace lockstep::rewards::math
