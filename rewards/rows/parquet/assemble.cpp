// SPDX-License-Identifier: Apache-2.0
// Record assembly by recursion over the schema, whose depth is bounded.
#include "rewards/rows/parquet/assemble.h"

#include "base/text.h"
#include "rewards/rows/parquet/value_json.h"

namespace lockstep::rewards::rows::parquet {
namespace {

using base::Json;

constexpr const char* kDisagree = "the columns do not agree on what a row holds";
constexpr size_t kValueBytes = 16;

}  // namespace

void Assembler::count(size_t bytes, const ColumnReader& column) {
  row_bytes_ += bytes + kValueBytes;
  if (row_bytes_ > max_row_bytes_) column.place().fail_unsupported(cat("a row is larger than the limit of ", max_row_bytes_, " bytes"));
}

Json Assembler::next_row() {
  row_bytes_ = 0;
  return read_fields(schema_.root, 0);
}

Json Assembler::read(const Node& node, int repetition) {
  switch (node.kind) {
    case NodeKind::leaf:
      return read_leaf(node, repetition);
    case NodeKind::group:
      if (node.is_optional && skips(node, node.definition, repetition)) return nullptr;
      return read_fields(node, repetition);
    case NodeKind::list:
      return read_list(node, repetition);
    case NodeKind::map:
      return read_map(node, repetition);
  }
  return nullptr;
}

Json Assembler::read_leaf(const Node& node, int repetition) {
  ColumnReader& column = *columns_[node.first_leaf];
  const int definition = column.definition();
  const bool is_null = node.is_optional && definition == node.definition - 1;
  if (column.repetition() != repetition || (!is_null && definition != node.definition)) column.place().fail(kDisagree);
  const auto value = column.take();
  if (!value || column.leaf().logical == Logical::null) return nullptr;
  count(value->bytes.size(), column);
  return value_json(*value, column.leaf(), column.place());
}

bool Assembler::skips(const Node& node, int level, int repetition) {
  if (columns_[node.first_leaf]->definition() >= level) return false;
  for (size_t leaf = node.first_leaf; leaf < node.end_leaf; ++leaf) {
    ColumnReader& column = *columns_[leaf];
    if (column.repetition() != repetition || column.definition() != level - 1) column.place().fail(kDisagree);
    column.take();
  }
  return true;
}

Json Assembler::read_fields(const Node& node, int repetition) {
  Json object = Json::object();
  for (const Node& child : node.children) {
    count(child.name.size(), *columns_[child.first_leaf]);
    object[child.name] = read(child, repetition);
  }
  return object;
}

bool Assembler::has_more(const Node& node) const {
  const ColumnReader& column = *columns_[node.first_leaf];
  return !column.is_at_end() && columns_[node.first_leaf]->repetition() == node.item_repetition;
}

Json Assembler::read_list(const Node& node, int repetition) {
  if (node.is_optional && columns_[node.first_leaf]->definition() < node.definition) {
    skips(node, node.definition, repetition);
    return nullptr;
  }
  Json list = Json::array();
  if (skips(node, node.item_definition, repetition)) return list;
  do {
    count(0, *columns_[node.first_leaf]);
    list.push_back(read(node.children[0], repetition));
    repetition = node.item_repetition;
  } while (has_more(node));
  return list;
}

Json Assembler::read_map(const Node& node, int repetition) {
  if (node.is_optional && columns_[node.first_leaf]->definition() < node.definition) {
    skips(node, node.definition, repetition);
    return nullptr;
  }
  Json object = Json::object();
  if (skips(node, node.item_definition, repetition)) return object;
  do {
    count(0, *columns_[node.first_leaf]);
    const Json key = read(node.children[0], repetition);
    if (!key.is_string()) columns_[node.first_leaf]->place().fail_unsupported("a map has keys that are no text");
    object[key.get_ref<const std::string&>()] = read(node.children[1], repetition);
    repetition = node.item_repetition;
  } while (has_more(node));
  return object;
}

}  // namespace lockstep::rewards::rows::parquet
