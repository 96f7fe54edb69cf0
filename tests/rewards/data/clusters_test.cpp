// SPDX-License-Identifier: Apache-2.0
// Clusters of duplicates against a slow and obvious oracle: all pairs by their true similarity.
#include "rewards/data/clusters.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "base/rng.h"
#include "base/text.h"
#include "tests/base/temp_folder.h"

namespace lockstep::rewards::data {
namespace {

using base::Random;

Clusters cluster(const std::vector<std::string>& texts, const ClusterOptions& options) {
  const base::TempFolder folder;
  Clusterer clusterer(options, folder / "scratch");
  for (const std::string& text : texts) clusterer.add(text);
  return clusterer.finish();
}

std::vector<std::string> random_words(Random& random, size_t count) {
  std::vector<std::string> words;
  for (size_t i = 0; i < count; ++i) words.push_back(cat("w", random.below(3000)));
  return words;
}

// Families of texts: an original, and copies with a few words changed.
std::vector<std::string> random_texts(uint64_t seed, size_t families) {
  Random random(seed, "families");
  std::vector<std::string> texts;
  for (size_t family = 0; family < families; ++family) {
    const auto original = random_words(random, 10 + random.below(60));
    for (uint64_t copy = random.below(4) + 1; copy > 0; --copy) {
      auto words = original;
      for (uint64_t i = random.below(4); i > 0; --i) words[random.below(words.size())] = cat("w", random.below(3000));
      texts.push_back(base::join(words, random.chance(0.5) ? " " : "  "));
    }
  }
  random.shuffle(texts);
  return texts;
}

double similarity(const std::string& a, const std::string& b, size_t ngram) {
  const auto grams = [&](const std::string& text) {
    std::set<std::string> set;
    const Words words(text, Symbols::keep);
    const size_t n = std::min(ngram, words.size());
    for (size_t i = 0; n > 0 && i + n <= words.size(); ++i) set.emplace(words.gram(i, n));
    return set;
  };
  const auto left = grams(a), right = grams(b);
  const auto both = static_cast<double>(std::count_if(left.begin(), left.end(), [&](const auto& gram) { return right.contains(gram); }));
  return left.empty() && right.empty() ? 1 : both / (static_cast<double>(left.size() + right.size()) - both);
}

// Connected components of all pairs at the threshold.
std::vector<uint32_t> oracle(const std::vector<std::string>& texts, double threshold, size_t ngram) {
  std::vector<uint32_t> first(texts.size());
  std::iota(first.begin(), first.end(), 0u);
  for (uint32_t i = 0; i < texts.size(); ++i) {
    for (uint32_t j = 0; j < i; ++j) {
      if (first[i] == first[j] || similarity(texts[i], texts[j], ngram) < threshold) continue;
      const uint32_t low = std::min(first[i], first[j]), high = std::max(first[i], first[j]);
      std::replace(first.begin(), first.end(), high, low);
    }
  }
  return first;
}

}  // namespace

TEST_CASE("clusters: equal texts are always found, also when case, space and Unicode form differ, and nothing else is") {
  const std::vector<std::string> texts = {"What is 3+4?", "what  is 3 + 4?", "What is 3-4?", "Caf\xC3\xA9", "CAFE\xCC\x81", "", " ", "What is 3+4"};
  CHECK(cluster(texts, {.is_exact = true}).first == std::vector<uint32_t>{0, 0, 2, 3, 3, 5, 5, 7});
  for (uint64_t seed = 0; seed < 5; ++seed) {
    auto random = random_texts(seed, 200);
    const auto first = cluster(random, {.is_exact = true}).first;
    std::map<std::string, uint32_t> seen;
    for (uint32_t i = 0; i < random.size(); ++i) CHECK(first[i] == seen.try_emplace(Words(random[i], Symbols::keep).text(), i).first->second);
  }
}

TEST_CASE("clusters: every pair that is joined is near, and at the threshold hardly a pair is missed") {
  size_t num_pairs = 0, num_missed = 0;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const auto texts = random_texts(seed, 60);
    const Clusters found = cluster(texts, {.threshold = 0.7, .ngram = 3});
    const auto truth = oracle(texts, 0.7, 3);
    for (uint32_t i = 0; i < texts.size(); ++i) {
      CHECK(truth[found.first[i]] == truth[i]);  // no false join: components are inside true ones
      for (uint32_t j = 0; j < i; ++j) {
        if (truth[i] != truth[j]) continue;
        ++num_pairs;
        num_missed += found.first[i] == found.first[j] ? 0 : 1;
      }
    }
  }
  REQUIRE(num_pairs > 500);
  CHECK(static_cast<double>(num_missed) <= 0.01 * static_cast<double>(num_pairs));
}

TEST_CASE("clusters: the pairs that meet follow the curve of the bands") {
  const Bands bands = choose_bands(32, 0.5);
  const MinHash minhash(32);
  std::map<int, std::pair<double, double>> met;  // by tenth of the similarity: pairs that met, pairs expected to meet
  for (uint64_t seed = 0; seed < 4000; ++seed) {
    Random random(seed, "curve");
    std::vector<uint64_t> a, b;
    for (const uint64_t kind = 1 + random.below(99); a.size() + b.size() < 60;) {
      const uint64_t hash = random.bits64(), draw = random.below(100);
      if (draw < kind || draw % 2 == 0) a.push_back(hash);
      if (draw < kind || draw % 2 == 1) b.push_back(hash);
    }
    std::sort(a.begin(), a.end());
    std::sort(b.begin(), b.end());
    std::vector<uint32_t> left(32), right(32);
    minhash.signature(a, left);
    minhash.signature(b, right);
    bool meets = false;
    for (size_t band = 0; band < bands.count; ++band) {
      const auto begin = static_cast<ptrdiff_t>(band * bands.rows);
      meets |= std::equal(left.begin() + begin, left.begin() + begin + static_cast<ptrdiff_t>(bands.rows), right.begin() + begin);
    }
    const double j = jaccard(a, b);
    met[static_cast<int>(10 * j)].first += meets ? 1 : 0;
    met[static_cast<int>(10 * j)].second += bands.recall(j);
  }
  for (const auto& entry : met) {
    CAPTURE(entry.first);
    const auto [num_met, num_expected] = entry.second;
    CHECK(std::abs(num_met - num_expected) < 10 + 4 * std::sqrt(num_expected));
  }
}

TEST_CASE("clusters: signatures agree as often as the texts are similar") {
  const MinHash minhash(4096);
  for (const size_t common : {0, 5, 20, 50, 80, 100}) {
    std::vector<uint64_t> a, b;
    Random random(common, "agree");
    for (size_t i = 0; i < 100; ++i) {
      a.push_back(random.bits64());
      b.push_back(i < common ? a.back() : random.bits64());
    }
    std::sort(a.begin(), a.end());
    std::sort(b.begin(), b.end());
    std::vector<uint32_t> left(4096), right(4096);
    minhash.signature(a, left);
    minhash.signature(b, right);
    CHECK(std::abs(agreement(left, right) - jaccard(a, b)) < 0.04);
  }
}

TEST_CASE("clusters: the sets do not depend on the order of the texts or the number of threads") {
  const auto texts = random_texts(7, 300);
  const auto sets_of = [&](const std::vector<size_t>& order, int threads) {
    std::vector<std::string> list;
    for (const size_t i : order) list.push_back(texts[i]);
    const auto first = cluster(list, {.threshold = 0.6, .ngram = 2, .num_threads = threads}).first;
    std::map<uint32_t, std::set<size_t>> by_first;
    for (size_t i = 0; i < order.size(); ++i) by_first[first[i]].insert(order[i]);
    std::set<std::set<size_t>> sets;
    for (const auto& [number, set] : by_first) sets.insert(set);
    return sets;
  };
  std::vector<size_t> order(texts.size());
  std::iota(order.begin(), order.end(), size_t{0});
  const auto expected = sets_of(order, 1);
  CHECK(expected.size() < texts.size());
  for (uint64_t seed = 0; seed < 4; ++seed) {
    Random(seed, "order").shuffle(order);
    CHECK(sets_of(order, 1 + static_cast<int>(seed)) == expected);
  }
}

TEST_CASE("clusters: the first text of each cluster comes first, and near texts chain") {
  const std::vector<std::string> texts = {"a b c d e f g h", "z", "a b c d e f g x", "a b c d e f y x"};
  const Clusters found = cluster(texts, {.threshold = 0.6, .ngram = 1});
  CHECK(found.first == std::vector<uint32_t>{0, 1, 0, 0});
  CHECK(found.num_near == 2);
}

TEST_CASE("bands: the longest whose recall at the threshold is high enough") {
  for (const double threshold : {0.5, 0.7, 0.8, 0.9, 0.99}) {
    const Bands bands = choose_bands(128, threshold);
    CHECK(bands.count * bands.rows <= 128);
    CHECK(bands.recall(threshold) >= 0.99);
    CHECK(Bands{128 / (bands.rows + 1), bands.rows + 1}.recall(threshold) < 0.99);
  }
  CHECK(choose_bands(128, 0.01).rows == 1);
}

TEST_CASE("clusters: ten thousand near copies of one text cost a comparison each") {
  Random random(1, "copies");
  const auto words = random_words(random, 100);
  std::vector<std::string> texts;
  for (int i = 0; i < 10'000; ++i) {
    auto copy = words;
    copy[random.below(100)] = cat("x", i);
    texts.push_back(base::join(copy, " "));
  }
  const Clusters found = cluster(texts, {.threshold = 0.8, .ngram = 1});
  CHECK(std::count(found.first.begin(), found.first.end(), 0u) == 10'000);
  CHECK(found.num_candidates < 40'000);
}

}  // namespace lockstep::rewards::data
