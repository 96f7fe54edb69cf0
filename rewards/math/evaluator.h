// SPDX-License-Identifier: Apache-2.0
// The value of a tree in some domain: exact rationals, residues modulo a prime, or complex balls.
#pragma once

#include <vector>

#include "rewards/math/domain_algebra.h"
#include "rewards/math/term.h"

namespace lockstep::rewards::math {

// A Domain has a Value, and functions that give nothing when the value does not exist there:
//   number(Fraction), constant(name), symbol(name), add, multiply, divide, negate,
//   integer_power(Value, Integer), power(Value, Value), root(Value, index), function(name, values), call(name, values).
template <class Domain>
class Evaluator {
 public:
  using Value = typename Domain::Value;
  using Maybe = std::optional<Value>;

  Evaluator(Domain& domain, const Context& context, int sign) : domain_(domain), context_(context), sign_(sign) {}

  Maybe value(const Expression& expression, NodeId id) {
    expression_ = &expression;
    return value(id);
  }
  void bind(const Bindings& bindings) { bindings_ = bindings; }

 private:
  const Node& at(NodeId id) const { return (*expression_)[id]; }
  std::optional<Fraction> exact(NodeId id) { return exact_value({expression_, id, sign_}, context_, bindings_); }

  std::optional<int64_t> small_integer(NodeId id) {
    const auto value = exact(id);
    return value && value->is_integer() ? value->num().to_int64() : std::nullopt;
  }

  Maybe value(NodeId id) {
    const Node& node = at(id);
    // A name is hashed and compared, and may be the whole text.
    if (!context_.budget.spend(Domain::kCost + std::ssize(node.text) / 2)) return std::nullopt;
    switch (node.kind) {
      case Kind::number:
        return domain_.number(node.value);
      case Kind::constant:
      case Kind::symbol:
        return name(node);
      case Kind::sum:
        return fold(node, &Domain::add);
      case Kind::product:
        return fold(node, &Domain::multiply);
      case Kind::quotient:
        return fold(node, &Domain::divide);
      case Kind::power:
        return power(node);
      case Kind::unit:
        return value(node.children[0]);
      case Kind::negate:
        return map(node.children[0], -1, 1);
      case Kind::plus_minus:
        if (sign_ == 0) return std::nullopt;
        return map(node.children[0], node.text == "pm" ? sign_ : -sign_, 1);
      case Kind::percent:
        return map(node.children[0], 1, 100);
      case Kind::degree:
        return with_pi(map(node.children[0], 1, 180));
      default:
        return rare(node, id);
    }
  }

  Maybe rare(const Node& node, NodeId id) {
    switch (node.kind) {
      case Kind::root:
        return root(node);
      case Kind::function:
        return function(node, id);
      case Kind::call:
        return call(node, node.text);
      case Kind::factorial:
        return factorial(node);
      case Kind::sum_over:
        return sum_over(node);
      case Kind::based:
        return based(node);
      default:
        return std::nullopt;
    }
  }

  Maybe based(const Node& node) {
    if (!context_.budget.spend(Integer::digits_cost(node.text.size()))) return std::nullopt;
    const auto digits = Integer::from_digits(node.text, static_cast<uint32_t>(*node.value.num().to_int64()));
    return digits ? domain_.number(*digits) : std::nullopt;
  }
  Maybe name(const Node& node) {
    for (auto binding = bindings_.rbegin(); binding != bindings_.rend(); ++binding) {
      if (binding->first == node.text) return domain_.number(binding->second);
    }
    return node.kind == Kind::constant ? domain_.constant(node.text) : domain_.symbol(node.text);
  }

  Maybe fold(const Node& node, Maybe (Domain::*operation)(const Value&, const Value&)) {
    Maybe result = value(node.children[0]);
    for (size_t i = 1; i < node.children.size() && result; ++i) {
      const Maybe next = value(node.children[i]);
      result = next ? (domain_.*operation)(*result, *next) : std::nullopt;
    }
    return result;
  }

  Maybe map(NodeId child, int num, int den) {
    const Maybe inner = value(child), factor = domain_.number(Fraction(num, den));
    return inner && factor ? domain_.multiply(*inner, *factor) : std::nullopt;
  }

  Maybe with_pi(const Maybe& turns) {
    const Maybe pi = turns ? domain_.constant("pi") : std::nullopt;
    return pi ? domain_.multiply(*turns, *pi) : std::nullopt;
  }

  Maybe power(const Node& node) {
    const auto exponent = exact(node.children[1]);
    const Maybe base = value(node.children[0]);
    if (!base) return base;
    if (exponent && exponent->is_integer()) return domain_.integer_power(*base, exponent->num());
    if (exponent && exponent->den().bits() <= 16) {
      const Maybe root = domain_.root(*base, static_cast<uint32_t>(*exponent->den().to_int64()));
      return root ? domain_.integer_power(*root, exponent->num()) : std::nullopt;
    }
    if constexpr (Domain::kIsExact) return std::nullopt;  // evaluated again, each storey of a tower would cost double
    const Maybe general = value(node.children[1]);
    return general ? domain_.power(*base, *general) : std::nullopt;
  }

  Maybe root(const Node& node) {
    const auto index = small_integer(node.children[1]);
    const Maybe radicand = index && *index >= 1 && *index <= 1000 ? value(node.children[0]) : std::nullopt;
    return radicand ? domain_.root(*radicand, static_cast<uint32_t>(*index)) : std::nullopt;
  }

  std::optional<std::vector<Value>> arguments(const Node& node) {
    std::vector<Value> values;
    for (NodeId child : node.children) {
      if (Maybe argument = value(child)) values.push_back(*std::move(argument));
    }
    return values.size() == node.children.size() ? std::optional(std::move(values)) : std::nullopt;
  }

  Maybe call(const Node& node, const std::string& name) {
    const auto values = arguments(node);
    return values ? domain_.call(name, *values) : std::nullopt;
  }
  // What has its value at integers only. Fingerprints may take it for a function of which nothing is known.
  Maybe unknown(const Node& node, const std::string& as) { return Domain::kHasUnknowns ? call(node, as) : Maybe(); }
  Maybe function(const Node& node, NodeId id) {
    if constexpr (!Domain::kIsExact) {
      // Functions of integers have their value from the exact domain.
      if (const auto known = exact(id)) return domain_.number(*known);
      if (node.text == "binom") return binomial(node);
    }
    const auto values = arguments(node);
    return values ? domain_.function(node.text, *values) : std::nullopt;
  }

  Maybe binomial(const Node& node) {
    const auto k = small_integer(node.children[1]);
    if (!k || *k < 0 || *k > kMaxSmallBinomial) return unknown(node, "binom");
    return small_binomial(domain_, value(node.children[0]), *k, context_.budget);
  }

  Maybe factorial(const Node& node) {
    const auto n = small_integer(node.children[0]);
    if (!n) return unknown(node, "factorial");
    return *n < 0 || *n > context_.limits.max_terms ? Maybe() : product_up_to(domain_, *n, context_.budget);
  }

  Maybe sum_over(const Node& node) {
    const auto lower = small_integer(node.children[1]), upper = small_integer(node.children[2]);
    if (!lower || !upper) return unknown(node, node.text);
    if (!is_short_range(*lower, *upper, context_.limits.max_terms)) return std::nullopt;
    const bool is_sum = node.text == "sum";
    Maybe result = domain_.number(is_sum ? 0 : 1);
    bindings_.emplace_back(at(node.children[0]).text, *lower);
    for (int64_t i = *lower; i <= *upper && result; bindings_.back().second = Integer(++i)) {
      const Maybe term = value(node.children[3]);
      result = !term ? Maybe() : is_sum ? domain_.add(*result, *term) : domain_.multiply(*result, *term);
    }
    bindings_.pop_back();
    return result;
  }

  Domain& domain_;
  const Context& context_;
  int sign_;
  const Expression* expression_ = nullptr;
  Bindings bindings_;
};

}  // namespace lockstep::rewards::math
