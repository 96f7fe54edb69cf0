// SPDX-License-Identifier: Apache-2.0
// From the flat list of elements to the tree.
#include "rewards/rows/parquet/schema.h"

#include <set>

#include "base/text.h"

namespace lockstep::rewards::rows::parquet {
namespace {

constexpr int kMaxDepth = 32;

struct Levels {
  int definition = 0, repetition = 0, depth = 0;
  std::string path = {};
};

class Builder {
 public:
  Builder(const std::vector<SchemaElement>& elements, const Place& place, Schema& schema)
      : elements_(elements), place_(place), schema_(schema) {}

  void build() {
    if (elements_.empty() || elements_[0].type) place_.fail("the schema has no root");
    at_ = 1;
    schema_.root.children = fields(elements_[0], {});
    schema_.root.end_leaf = schema_.leaves.size();
    if (at_ != elements_.size()) place_.fail("the schema is no tree");
  }

 private:
  const SchemaElement& peek() const {
    if (at_ >= elements_.size()) place_.fail("the schema ends too soon");
    return elements_[at_];
  }

  std::vector<Node> fields(const SchemaElement& group, const Levels& levels) {
    if (group.num_children < 0) place_.fail("the schema has a group with a negative number of fields");
    std::vector<Node> nodes;
    std::set<std::string> names;
    for (int32_t i = 0; i < group.num_children; ++i) {
      if (!names.insert(peek().name).second) place_.fail(cat("two fields are named \"", base::printable(peek().name), "\""));
      nodes.push_back(field(levels));
    }
    return nodes;
  }

  // A repeated field without a list around it is a list by itself.
  Node field(const Levels& levels) {
    if (peek().repetition != Repetition::repeated) return single(levels);
    Node node{.kind = NodeKind::list, .name = peek().name, .definition = levels.definition, .first_leaf = schema_.leaves.size()};
    Levels inner = levels;
    node.item_definition = ++inner.definition;
    node.item_repetition = ++inner.repetition;
    node.children.push_back(single(inner));
    node.end_leaf = schema_.leaves.size();
    return node;
  }

  // The next element, its own repetition counted by the caller when it is repeated.
  Node single(Levels levels) {
    const SchemaElement& element = peek();
    ++at_;
    if (++levels.depth > kMaxDepth) place_.fail("the schema is nested deeper than 32");
    levels.path += cat(levels.path.empty() ? "" : ".", element.name);
    Node node{.name = element.name, .is_optional = element.repetition == Repetition::optional, .first_leaf = schema_.leaves.size()};
    levels.definition += node.is_optional ? 1 : 0;
    node.definition = levels.definition;
    if (element.type) {
      node.kind = NodeKind::leaf;
      schema_.leaves.push_back({levels.path, *element.type, element.logical, element.type_length, levels.definition, levels.repetition});
    } else if (is_wrapper(element)) {
      wrapped(node, element, levels);
    } else {
      node.children = fields(element, levels);
    }
    node.end_leaf = schema_.leaves.size();
    if (node.first_leaf == node.end_leaf) place_.fail_unsupported(cat("the struct ", base::printable(levels.path), " has no fields"));
    return node;
  }

  bool is_wrapper(const SchemaElement& element) const {
    return (element.logical == Logical::list || element.logical == Logical::map) && element.num_children == 1 &&
           peek().repetition == Repetition::repeated;
  }

  // LIST and MAP: a group with one repeated field, which stands for an item.
  void wrapped(Node& node, const SchemaElement& outer, Levels levels) {
    const SchemaElement& middle = peek();
    node.item_definition = ++levels.definition;
    node.item_repetition = ++levels.repetition;
    const bool is_map = outer.logical == Logical::map && !middle.type && middle.num_children == 2;
    node.kind = is_map ? NodeKind::map : NodeKind::list;
    // The backward compatibility rules of LogicalTypes.md: when the repeated field is the item itself.
    const bool is_item = middle.type || middle.num_children != 1 || middle.name == "array" || middle.name == outer.name + "_tuple";
    if (!is_map && is_item) {
      node.children.push_back(single(levels));
      return;
    }
    ++at_;
    if (++levels.depth > kMaxDepth) place_.fail("the schema is nested deeper than 32");
    levels.path += cat(".", middle.name);
    node.children = fields(middle, levels);
  }

  const std::vector<SchemaElement>& elements_;
  const Place& place_;
  Schema& schema_;
  size_t at_ = 0;
};

}  // namespace

Schema build_schema(const std::vector<SchemaElement>& elements, const Place& place) {
  Schema schema;
  Builder(elements, place, schema).build();
  return schema;
}

}  // namespace lockstep::rewards::rows::parquet
