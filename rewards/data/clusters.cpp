// SPDX-License-Identifier: Apache-2.0
// Equal texts by a digest, near ones by bands of their signatures; a union-find whose roots are the first texts.
#include "rewards/data/clusters.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace lockstep::rewards::data {
namespace {

constexpr size_t kBatch = 1024;
constexpr double kDeviations = 5;

}  // namespace

struct Clusterer::Prepared {
  std::array<uint64_t, 2> digest;
  std::vector<uint64_t> shingles;
  std::vector<uint32_t> signature;
};

Clusterer::Clusterer(const ClusterOptions& options, const std::string& scratch)
    : options_(options), minhash_(options.is_exact ? 0 : options.num_permutations), shingles_(scratch), pool_(options.num_threads) {
  if (options.is_exact) return;
  const double t = options.threshold;
  LOCKSTEP_CHECK(t > 0 && t <= 1 && options.ngram > 0 && options.num_permutations > 0, "options out of range");
  bands_ = choose_bands(options.num_permutations, t);
  least_agreement_ = t - kDeviations * std::sqrt(t * (1 - t) / static_cast<double>(options.num_permutations));
}

void Clusterer::add(std::string text) {
  batch_.push_back(std::move(text));
  if (batch_.size() == kBatch) flush();
}

void Clusterer::flush() {
  std::vector<Prepared> prepared(batch_.size());
  pool_.parallel_for(static_cast<int>(batch_.size()), [&](int i) {
    const Words words(batch_[static_cast<size_t>(i)], Symbols::keep);
    Prepared& one = prepared[static_cast<size_t>(i)];
    one.digest = {hash_text(words.text(), 1), hash_text(words.text(), 2)};
    if (options_.is_exact) return;
    one.shingles = shingles(words, options_.ngram);
    one.signature.resize(minhash_.size());
    minhash_.signature(one.shingles, one.signature);
  });
  for (const Prepared& one : prepared) {
    const auto number = static_cast<uint32_t>(distinct_of_.size());
    const auto [found, is_new] = distinct_of_.try_emplace(one.digest, number);
    distinct_.push_back(found->second);
    if (!is_new) continue;
    LOCKSTEP_CHECK(number < UINT32_MAX - 1, "more than 4 billion texts");
    parent_.push_back(number);
    if (options_.is_exact) continue;
    shingles_.append(one.shingles);
    signatures_.insert(signatures_.end(), one.signature.begin(), one.signature.end());
  }
  batch_.clear();
}

std::span<const uint32_t> Clusterer::signature(uint32_t distinct) const {
  return std::span(signatures_).subspan(distinct * minhash_.size(), minhash_.size());
}

uint32_t Clusterer::root(uint32_t text) {
  while (parent_[text] != text) text = parent_[text] = parent_[parent_[text]];
  return text;
}

bool Clusterer::is_near(uint32_t a, uint32_t b, Clusters& clusters) {
  if (agreement(signature(a), signature(b)) < least_agreement_) return false;
  ++clusters.num_candidates;
  return jaccard(shingles_.list(a), shingles_.list(b)) >= options_.threshold;
}

// Components do not depend on which of their edges are found, so a text is compared with the members of another component
// only until one is near: a bucket of m duplicates costs m comparisons, not m^2 / 2.
void Clusterer::join_bucket(const std::vector<uint32_t>& bucket, Clusters& clusters) {
  std::vector<std::vector<uint32_t>> groups;  // of the texts seen so far, by component
  for (const uint32_t text : bucket) {
    std::vector<uint32_t> home = {text};
    for (auto& group : groups) {
      const auto joins = [&](uint32_t other) { return is_near(text, other, clusters); };
      if (root(group[0]) != root(text)) {
        if (std::none_of(group.begin(), group.end(), joins)) continue;
        const uint32_t a = root(group[0]), b = root(text);
        parent_[std::max(a, b)] = std::min(a, b);
        ++clusters.num_near;
      }
      home.insert(home.end(), group.begin(), group.end());
      group.clear();
    }
    std::erase_if(groups, [](const auto& group) { return group.empty(); });
    groups.push_back(std::move(home));
  }
}

void Clusterer::join_band(size_t band, Clusters& clusters) {
  std::vector<std::pair<uint64_t, uint32_t>> keys;
  for (uint32_t text = 0; text < parent_.size(); ++text) {
    const auto places = signature(text).subspan(band * bands_.rows, bands_.rows);
    keys.emplace_back(hash_text({reinterpret_cast<const char*>(places.data()), places.size_bytes()}), text);
  }
  std::sort(keys.begin(), keys.end());
  for (size_t begin = 0, end = 0; begin < keys.size(); begin = end) {
    std::vector<uint32_t> bucket;
    for (; end < keys.size() && keys[end].first == keys[begin].first; ++end) bucket.push_back(keys[end].second);
    if (bucket.size() > 1) join_bucket(bucket, clusters);
  }
}

Clusters Clusterer::finish() {
  flush();
  shingles_.finish();
  Clusters clusters{.num_exact = distinct_.size() - parent_.size(), .bands = bands_};
  for (size_t band = 0; band < bands_.count; ++band) join_band(band, clusters);
  std::vector<uint32_t> first_of(parent_.size(), UINT32_MAX);  // of each root
  for (size_t i = 0; i < distinct_.size(); ++i) {
    uint32_t& first = first_of[root(distinct_[i])];
    if (first == UINT32_MAX) first = static_cast<uint32_t>(i);
    clusters.first.push_back(first);
  }
  return clusters;
}

}  // namespace lockstep::rewards::data
