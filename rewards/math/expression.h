// SPDX-License-Identifier: Apache-2.0
// The tree of a parsed answer: nodes in one arena, bounded in number and depth.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "rewards/math/fraction.h"

namespace lockstep::rewards::math {

using NodeId = uint32_t;

enum class Kind : uint8_t {
  number,      // value; digits > 0 when it was written with a decimal point
  constant,    // text: pi, e, i, infty
  symbol,      // text: a variable, or words of prose
  sum,         // children
  product,     // children
  quotient,    // children: above, below
  negate,      // child
  power,       // children: base, exponent
  root,        // children: radicand, index
  function,    // text: sin, log, abs, gcd, mod, ...; children: arguments
  call,        // text: a name without meaning; children: arguments
  factorial,   // child
  plus_minus,  // child; text: pm or mp
  degree,      // child, in degrees
  percent,     // child, without the sign
  unit,        // child; text: the canonical unit
  based,       // text: digits; value: the base
  sum_over,    // text: sum or prod; children: variable, lower, upper, body
  list,        // children separated by commas; text: "or", "and" or ","
  bracket,     // children; text: the two delimiters, as "[)"
  set,         // children
  builder,     // children: element, condition
  unite,       // children: sets
  intersect,   // children: sets
  except,      // children: set, what it lacks
  matrix,      // children row by row; columns
  ratio,       // children; is_time when it could be a time of day
  relation,    // children; relations between neighbours
};

enum class Relation : uint8_t {
  equal,
  approximate,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  member,
  not_member,
  subset,
  congruent,
  arrow
};

struct Node {
  Kind kind = Kind::number;
  bool is_time = false;
  int32_t depth = 0;                // of the tree below
  uint32_t size = 1;                // nodes of the tree below with itself; one that is shared counts each time
  int32_t digits = 0;               // number: significant digits of a decimal; 0 for an integer
  uint32_t columns = 0;             // matrix
  Fraction value = 0;               // number; base of a based number
  Fraction unit_in_last_place = 0;  // number: what the last decimal counts
  std::string text = {};
  std::vector<NodeId> children = {};
  std::vector<Relation> relations = {};
};

// Children have smaller ids than their parents.
struct Expression {
  std::vector<Node> nodes;
  NodeId root = 0;
  const Node& operator[](NodeId id) const { return nodes[id]; }
};

}  // namespace lockstep::rewards::math
