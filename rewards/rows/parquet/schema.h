// SPDX-License-Identifier: Apache-2.0
// The schema as a tree of fields, lists, maps and leaves, with the levels that tell nulls and repetitions apart
// (Dremel, Melnik et al., 2010; parquet-format's LogicalTypes.md for lists and maps, also of older writers).
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "rewards/rows/parquet/metadata.h"

namespace lockstep::rewards::rows::parquet {

enum class NodeKind { leaf, group, list, map };

struct Node {
  NodeKind kind = NodeKind::group;
  std::string name = {};
  bool is_optional = false;
  int definition = 0;       // level from which the node is not null
  int item_definition = 0;  // of list and map: level from which there is an item
  int item_repetition = 0;  // of list and map: level that means another item
  std::vector<Node> children = {};  // group: its fields; list: what it holds; map: key and value
  size_t first_leaf = 0, end_leaf = 0;
};

struct Leaf {
  std::string path;  // "prompt.list.element.role", for Errors
  Physical type = Physical::boolean;
  Logical logical = Logical::none;
  int32_t type_length = 0;
  int max_definition = 0, max_repetition = 0;
};

struct Schema {
  Node root;  // a group
  std::vector<Leaf> leaves = {};
};

// Error when the elements are no tree, or nested deeper than 32.
Schema build_schema(const std::vector<SchemaElement>& elements, const Place& place);

}  // namespace lockstep::rewards::rows::parquet
