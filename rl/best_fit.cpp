// SPDX-License-Identifier: Apache-2.0
// Chunks by the room that they have left.
#include "rl/best_fit.h"

#include <algorithm>
#include <bit>
#include <deque>
#include <map>
#include <numeric>

#include "base/error.h"
#include "base/text.h"

namespace lockstep::rl {
namespace {

void check_lengths(const std::vector<uint32_t>& lengths, uint32_t capacity) {
  const auto is_wrong = [&](uint32_t length) { return length < 1 || length > capacity; };
  LOCKSTEP_CHECK(std::none_of(lengths.begin(), lengths.end(), is_wrong), cat("lengths are 1 to ", capacity));
}

// The rooms of chunks in their order, and the first that suffices: a tree of maxima.
class Rooms {
 public:
  Rooms(size_t count, uint32_t room) : width_(std::bit_ceil(std::max<size_t>(count, 1))), tree_(2 * width_, room) {}

  size_t first(uint32_t least) const {
    size_t node = 1;
    while (node < width_) node = 2 * node + (tree_[2 * node] >= least ? 0 : 1);
    return node - width_;
  }
  void take(size_t chunk, uint32_t length) {
    size_t node = width_ + chunk;
    for (tree_[node] -= length; node > 1; node /= 2) tree_[node / 2] = std::max(tree_[node], tree_[node ^ 1]);
  }

 private:
  size_t width_;
  std::vector<uint32_t> tree_;
};

}  // namespace

std::vector<std::vector<size_t>> best_fit_decreasing(const std::vector<uint32_t>& lengths, uint32_t capacity) {
  check_lengths(lengths, capacity);
  std::vector<size_t> order(lengths.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return lengths[a] > lengths[b]; });
  std::vector<std::vector<size_t>> chunks;
  std::map<uint32_t, std::deque<size_t>> by_room;  // chunks that are neither full nor empty
  for (const size_t i : order) {
    const auto found = by_room.lower_bound(lengths[i]);
    size_t chunk = chunks.size();
    uint32_t room = capacity;
    if (found == by_room.end()) {
      chunks.emplace_back();
    } else {
      room = found->first;
      chunk = found->second.front();
      found->second.pop_front();
      if (found->second.empty()) by_room.erase(found);
    }
    chunks[chunk].push_back(i);
    if (room > lengths[i]) by_room[room - lengths[i]].push_back(chunk);
  }
  return chunks;
}

size_t first_fit_count(const std::vector<uint32_t>& lengths, uint32_t capacity) {
  check_lengths(lengths, capacity);
  Rooms rooms(lengths.size(), capacity);
  size_t count = 0;
  for (const uint32_t length : lengths) {
    const size_t chunk = rooms.first(length);
    rooms.take(chunk, length);
    count = std::max(count, chunk + 1);
  }
  return count;
}

}  // namespace lockstep::rl
