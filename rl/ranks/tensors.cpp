// SPDX-License-Identifier: Apache-2.0
// Exchanges of tensors in buckets: small ones travel together.
#include "rl/ranks/tensors.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <map>

#include "base/text.h"

namespace lockstep::rl::ranks {
namespace {

constexpr int64_t kBucket = 4 << 20;  // elements

// Neighbours of one owner and dtype.
struct Bucket {
  int owner = 0;
  std::vector<size_t> items;
  int64_t numel = 0;
};

std::vector<Bucket> make_buckets(const Owned& owned, const std::vector<uint8_t>& is_wanted) {
  std::map<std::pair<int, at::ScalarType>, Bucket> open;
  std::vector<Bucket> out;
  for (size_t i = 0; i < owned.parameters.size(); ++i) {
    if (!is_wanted[i]) continue;
    const Tensor& t = owned.parameters[i].tensor;
    Bucket& bucket = open[{owned.owners[i], t.scalar_type()}];
    if (!bucket.items.empty() && bucket.numel + t.numel() > kBucket) out.push_back(std::exchange(bucket, {}));
    bucket.owner = owned.owners[i];
    bucket.items.push_back(i);
    bucket.numel += t.numel();
  }
  for (auto& [key, bucket] : open)
    if (!bucket.items.empty()) out.push_back(std::move(bucket));
  return out;
}

std::string describe(const Owned& owned, const Bucket& bucket, const char* what) {
  const auto& first = owned.parameters[bucket.items.front()].name;
  return bucket.items.size() == 1 ? cat(what, " ", first) : cat(what, " ", first, " and ", bucket.items.size() - 1, " others");
}

// One byte for each parameter and node: is there a gradient?
std::string defined_map(const std::vector<std::vector<Tensor>>& partial) {
  std::string out;
  for (const auto& nodes : partial)
    for (const Tensor& t : nodes) out.push_back(t.defined() ? 1 : 0);
  return out;
}

// How the ranks' partial sums lie.
struct Layout {
  std::vector<std::vector<ShardRange>> nodes;  // of each rank
  std::vector<std::string> defined;            // of each rank
  size_t most = 0;                             // nodes of a rank
  int num_shards = 0;

  bool has(size_t rank, size_t parameter, size_t node) const { return defined[rank][parameter * nodes[rank].size() + node] != 0; }
  bool has_any(size_t parameter) const {
    for (size_t r = 0; r < nodes.size(); ++r)
      for (size_t n = 0; n < nodes[r].size(); ++n)
        if (has(r, parameter, n)) return true;
    return false;
  }
};

// [most * numel] of a bucket: node after node, parameter after parameter, zeros where there is nothing.
Tensor flatten(const Owned& owned, const Bucket& bucket, const std::vector<std::vector<Tensor>>& partial, size_t most) {
  std::vector<Tensor> parts;
  for (size_t n = 0; n < most; ++n)
    for (const size_t i : bucket.items) {
      const Tensor& p = owned.parameters[i].tensor;
      const bool is_there = n < partial[i].size() && partial[i][n].defined();
      parts.push_back(is_there ? partial[i][n].reshape({-1}) : at::zeros({p.numel()}, p.options().requires_grad(false)));
    }
  return parts.size() == 1 ? parts[0].contiguous() : at::cat(parts);
}

// Takes the bucket's parameters out of what the ranks sent and sums them along the tree.
void unpack_sums(const Owned& owned, const Bucket& bucket, const Layout& layout, const std::vector<Tensor>& sent, std::vector<Tensor>& sums) {
  for (int64_t offset = 0; const size_t i : bucket.items) {
    const Tensor& p = owned.parameters[i].tensor;
    std::vector<std::pair<ShardRange, Tensor>> values;
    for (size_t r = 0; r < sent.size(); ++r)
      for (size_t n = 0; n < layout.nodes[r].size(); ++n) {
        const int64_t begin = static_cast<int64_t>(n) * bucket.numel + offset;
        values.emplace_back(layout.nodes[r][n], layout.has(r, i, n) ? sent[r].narrow(0, begin, p.numel()).view(p.sizes()) : Tensor());
      }
    sums[i] = sum_of({0, layout.num_shards}, [&](ShardRange node) -> Tensor* {
      for (auto& [range, value] : values)
        if (range == node) return &value;
      return nullptr;
    });
    offset += p.numel();
  }
}

}  // namespace

std::vector<Tensor> sum_to_owners(const World& world, const Owned& owned, const std::vector<std::vector<Tensor>>& partial, int num_shards) {
  const c10::NoGradGuard no_grad;
  Layout layout;
  layout.num_shards = num_shards;
  for (int r = 0; r < world.size(); ++r) {
    layout.nodes.push_back(nodes_within(shards_of(r, world.size(), num_shards), num_shards));
    layout.most = std::max(layout.most, layout.nodes.back().size());
  }
  layout.defined = world.all_gather(defined_map(partial), "which gradients there are");
  std::vector<uint8_t> is_wanted;
  for (size_t i = 0; i < partial.size(); ++i) is_wanted.push_back(layout.has_any(i));
  std::vector<Tensor> sums(partial.size());
  for (const auto& bucket : make_buckets(owned, is_wanted)) {
    const auto sent = world.gather(flatten(owned, bucket, partial, layout.most), bucket.owner, describe(owned, bucket, "gradient of"));
    if (world.rank() == bucket.owner) unpack_sums(owned, bucket, layout, sent, sums);
  }
  return sums;
}

void share_from_owners(const World& world, const Owned& owned) {
  if (world.is_alone()) return;
  const c10::NoGradGuard no_grad;
  for (const auto& bucket : make_buckets(owned, std::vector<uint8_t>(owned.parameters.size(), 1))) {
    const auto about = describe(owned, bucket, "parameter");
    const auto value = [&](size_t item) { return owned.parameters[item].tensor.detach().view({-1}); };
    if (bucket.items.size() == 1) {
      world.broadcast(value(bucket.items[0]), bucket.owner, about);
      continue;
    }
    std::vector<Tensor> parts;
    for (const size_t i : bucket.items) parts.push_back(value(i));
    const bool is_owner = world.rank() == bucket.owner;
    const Tensor flat = is_owner ? at::cat(parts) : at::empty({bucket.numel}, parts[0].options());
    world.broadcast(flat, bucket.owner, about);
    if (is_owner) continue;
    for (int64_t offset = 0; auto& part : parts) {
      part.copy_(flat.narrow(0, offset, part.numel()));
      offset += part.numel();
    }
  }
}

Tensor collect_on_first(const World& world, const Tensor& own, int owner, const std::string& name) {
  if (owner != 0) world.send_to_first(own, owner, name);
  return own;
}

}  // namespace lockstep::rl::ranks
