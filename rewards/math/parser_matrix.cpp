// SPDX-License-Identifier: Apache-2.0
// Matrix arithmetic, written out cell by cell as trees: multiples, sums, products, transposes.
#include "rewards/math/parser.h"

namespace lockstep::rewards::math {
namespace {

// Larger results would only fill the arena.
constexpr size_t kMaxCells = 64;

size_t rows_of(const Node& matrix) { return matrix.children.size() / matrix.columns; }

}  // namespace

bool Parser::has_matrix(const std::vector<NodeId>& operands) const {
  for (NodeId id : operands) {
    if (at(id).kind == Kind::matrix && at(id).text.empty()) return true;
  }
  return false;
}

// Factors from left to right; a number times a matrix multiplies every cell.
Parser::Result Parser::matrix_product(const std::vector<NodeId>& factors) {
  Result result = factors[0];
  for (size_t i = 1; i < factors.size() && result; ++i) {
    const Node left = at(*result), right = at(factors[i]);
    if (left.kind == Kind::matrix && right.kind == Kind::matrix) {
      result = product_of_matrices(left, right);
    } else if (left.kind == Kind::matrix || right.kind == Kind::matrix) {
      Node matrix = left.kind == Kind::matrix ? left : right;
      const NodeId factor = left.kind == Kind::matrix ? factors[i] : *result;
      for (NodeId& cell : matrix.children) {
        const Result scaled = add(Kind::product, {factor, cell});
        if (!scaled) return std::nullopt;
        cell = *scaled;
      }
      result = add(std::move(matrix));
    } else {
      result = add(Kind::product, {*result, factors[i]});
    }
  }
  return result;
}

Parser::Result Parser::product_of_matrices(const Node& left, const Node& right) {
  const size_t inner = left.columns, rows = rows_of(left), columns = right.columns;
  if (inner != rows_of(right) || rows * columns * inner > kMaxCells) return std::nullopt;
  Node matrix{.kind = Kind::matrix, .columns = right.columns};
  for (size_t row = 0; row < rows; ++row) {
    for (size_t column = 0; column < columns; ++column) {
      std::vector<NodeId> terms;
      for (size_t k = 0; k < inner; ++k) {
        const Result term = add(Kind::product, {left.children[row * inner + k], right.children[k * columns + column]});
        if (!term) return std::nullopt;
        terms.push_back(*term);
      }
      const Result cell = add(Kind::sum, std::move(terms));
      if (!cell) return std::nullopt;
      matrix.children.push_back(*cell);
    }
  }
  return add(std::move(matrix));
}

// Cell by cell; nothing when shapes differ or a term is no matrix.
Parser::Result Parser::matrix_sum(const std::vector<NodeId>& terms) {
  Node matrix = at(terms[0]);
  for (NodeId id : terms) {
    const Node& term = at(id);
    if (term.kind != Kind::matrix || term.columns != matrix.columns || term.children.size() != matrix.children.size()) {
      return std::nullopt;
    }
  }
  for (size_t i = 0; i < matrix.children.size(); ++i) {
    std::vector<NodeId> cells;
    for (NodeId id : terms) cells.push_back(at(id).children[i]);
    const Result cell = add(Kind::sum, std::move(cells));
    if (!cell) return std::nullopt;
    matrix.children[i] = *cell;
  }
  return add(std::move(matrix));
}

// A tuple is a vector whichever way it stands.
Parser::Result Parser::transposed(NodeId operand) {
  const Node node = at(operand);
  if (node.kind != Kind::matrix) return operand;
  Node matrix{.kind = Kind::matrix, .columns = static_cast<uint32_t>(rows_of(node))};
  for (size_t column = 0; column < node.columns; ++column) {
    for (size_t row = 0; row < rows_of(node); ++row)
      matrix.children.push_back(node.children[row * node.columns + column]);
  }
  return add(std::move(matrix));
}

}  // namespace lockstep::rewards::math
