// SPDX-License-Identifier: Apache-2.0
// The merge loop against its own definition.
#include <doctest/doctest.h>

#include <map>

#include "base/rng.h"
#include "model/bpe_merges.h"

namespace lockstep::model {
namespace {

// Byte-pair encoding as it is defined: look at all pairs, merge the best one, begin again.
std::vector<Symbol> merge_slowly(const std::vector<BpeMerges::Merge>& merges, std::vector<Symbol> symbols) {
  std::map<std::pair<Symbol, Symbol>, BpeMerges::Merge> table;
  for (const auto& merge : merges) table[{merge.left, merge.right}] = merge;
  for (;;) {
    const BpeMerges::Merge* best = nullptr;
    size_t best_at = 0;
    for (size_t i = 0; i + 1 < symbols.size(); ++i) {
      const auto found = table.find({symbols[i], symbols[i + 1]});
      if (found == table.end() || (best != nullptr && best->rank <= found->second.rank)) continue;
      best = &found->second;
      best_at = i;
    }
    if (best == nullptr) return symbols;
    symbols[best_at] = best->product;
    symbols.erase(symbols.begin() + static_cast<ptrdiff_t>(best_at) + 1);
  }
}

}  // namespace

TEST_CASE("bpe merges: random tables give what the definition gives") {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    base::Random random(seed, "bpe merges");
    std::vector<BpeMerges::Merge> merges;
    const auto num_merges = random.between(0, 60);
    const auto num_ranks = static_cast<uint64_t>(random.between(1, 60));  // few ranks: many ties
    for (int64_t i = 0; i < num_merges; ++i) {
      merges.push_back({static_cast<Symbol>(random.below(12)), static_cast<Symbol>(random.below(12)),
                        static_cast<Symbol>(random.below(12)), static_cast<uint32_t>(random.below(num_ranks))});
    }
    const BpeMerges table(merges);
    for (int i = 0; i < 20; ++i) {
      std::vector<Symbol> symbols;
      for (auto count = random.between(0, 40); count > 0; --count) symbols.push_back(static_cast<Symbol>(random.below(13)));
      const auto expected = merge_slowly(merges, symbols);
      table.apply(symbols);
      CHECK(symbols == expected);
    }
  }
}

TEST_CASE("bpe merges: of several merges of one pair the last counts") {
  const BpeMerges table({{1, 2, 3, 0}, {1, 2, 4, 5}});
  std::vector<Symbol> symbols{1, 2};
  table.apply(symbols);
  CHECK(symbols == std::vector<Symbol>{4});
}

TEST_CASE("bpe merges: a cycle of products ends, because every merge shortens the word") {
  const BpeMerges table({{1, 1, 2, 0}, {2, 2, 1, 1}, {1, 2, 2, 2}, {2, 1, 1, 3}});
  std::vector<Symbol> symbols(1001, 1);
  table.apply(symbols);
  CHECK(symbols.size() == 1);
}

TEST_CASE("bpe merges: a word of 260,000 symbols takes no quadratic time") {
  std::vector<BpeMerges::Merge> merges;
  for (Symbol level = 0; level < 18; ++level) merges.push_back({level, level, level + 1, level});
  const BpeMerges table(merges);
  std::vector<Symbol> symbols(1 << 18, 0);
  table.apply(symbols);  // quadratic: 10^11 steps
  CHECK(symbols == std::vector<Symbol>{18});
}

TEST_CASE("bpe merges: nothing to merge leaves the symbols") {
  std::vector<Symbol> symbols{7, 7};
  BpeMerges().apply(symbols);
  CHECK(symbols == std::vector<Symbol>{7, 7});
  symbols.clear();
  BpeMerges({{7, 7, 8, 0}}).apply(symbols);
  CHECK(symbols.empty());
}

}  // namespace lockstep::model
