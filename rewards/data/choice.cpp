// SPDX-License-Identifier: Apache-2.0
// Groups of rows, and a few of each.
#include "rewards/data/choice.h"

#include <algorithm>
#include <map>

#include "base/rng.h"

namespace lockstep::rewards::data {
namespace {

using Group = std::vector<uint32_t>;  // rows, ascending

// At most `count` of the group.
Group pick(Group group, const std::vector<RowFacts>& rows, size_t count, const std::string& choice, uint64_t key) {
  if (group.size() <= count) return group;
  if (choice == "random") base::Random(key).shuffle(group);
  if (choice == "shortest" || choice == "spread") {
    std::stable_sort(group.begin(), group.end(), [&](uint32_t a, uint32_t b) { return rows[a].num_words < rows[b].num_words; });
  }
  if (choice == "spread" && count > 1) {
    Group spread;
    for (size_t i = 0; i < count; ++i) spread.push_back(group[i * (group.size() - 1) / (count - 1)]);
    return spread;
  }
  group.resize(count);
  return group;
}

std::map<uint64_t, Group> groups_of(const std::vector<RowFacts>& rows, const std::vector<bool>& is_in, bool by_prompt) {
  std::map<uint64_t, Group> groups;
  for (uint32_t i = 0; i < rows.size(); ++i) {
    if (is_in[i]) groups[by_prompt ? rows[i].prompt : rows[i].class_of].push_back(i);
  }
  return groups;
}

std::vector<bool> picked(const std::vector<RowFacts>& rows, const std::map<uint64_t, Group>& groups, size_t count,
                         const std::string& choice, uint64_t seed) {
  std::vector<bool> kept(rows.size());
  for (const auto& [name, group] : groups) {
    for (const uint32_t row : pick(group, rows, count, choice, base::derive_key(seed, "filter", name))) kept[row] = true;
  }
  return kept;
}

}  // namespace

std::vector<bool> choose_per_prompt(const std::vector<RowFacts>& rows, std::vector<bool> is_in, size_t count,
                                    const std::string& choice, uint64_t seed) {
  return picked(rows, groups_of(rows, is_in, true), count, choice, seed);
}

std::vector<bool> choose_per_class(const std::vector<RowFacts>& rows, std::vector<bool> is_in, size_t count, uint64_t seed) {
  const auto groups = groups_of(rows, is_in, false);
  size_t least = SIZE_MAX;
  for (const auto& [name, group] : groups) least = std::min(least, group.size());
  return picked(rows, groups, count == 0 ? least : count, "random", seed);
}

}  // namespace lockstep::rewards::data
