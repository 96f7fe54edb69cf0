// SPDX-License-Identifier: Apache-2.0
// Which texts are duplicates of which: equal after folding, or near by the Jaccard similarity of their n-grams.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/config.h"
#include "base/thread_pool.h"
#include "rewards/data/minhash.h"
#include "rewards/data/shingle_file.h"

namespace lockstep::rewards::data {

struct ClusterOptions {
  bool is_exact = false;         // only equal texts; otherwise near ones too
  double threshold = 0.8;        // Jaccard similarity from which texts are near, in (0, 1]
  size_t ngram = 5;              // words of an n-gram
  size_t num_permutations = 128;
  int num_threads = 1;
  void visit(auto&& field) {  // but for the threads, on which nothing depends
    field("exact", is_exact, "equal texts only");
    field("threshold", threshold, "Jaccard similarity from which texts are near", base::between(0.01, 1));
    field("ngram", ngram, "words of an n-gram", base::between(1, 1000));
    field("permutations", num_permutations, "places of a MinHash signature", base::between(1, 4096));
  }
};

struct Clusters {
  std::vector<uint32_t> first = {};  // of each text the first one of its cluster: first[i] <= i
  size_t num_exact = 0;         // texts that equal an earlier one
  size_t num_candidates = 0;    // pairs that met in a band and whose signatures are not too far apart
  size_t num_near = 0;          // pairs among them that joined two clusters: their Jaccard similarity is at least the threshold
  Bands bands{0, 0};            // 0 when only equal texts count
};

// Clusters are the connected components of "equal, or met in a band and near": the same sets in any order of the texts, and at
// any number of threads. Memory: 4 bytes a permutation and about 80 more for each distinct text; its n-grams' hashes lie in a
// scratch file. Pairs are judged by the true similarity of those 64-bit hashes. A candidate whose signatures agree in a share
// five standard deviations below the threshold is not looked at.
class Clusterer {
 public:
  // `scratch`: where an unnamed file may be made.
  Clusterer(const ClusterOptions& options, const std::string& scratch);
  void add(std::string text);
  Clusters finish();  // once, after the last add

 private:
  struct Prepared;
  void flush();
  void join_band(size_t band, Clusters& clusters);
  void join_bucket(const std::vector<uint32_t>& bucket, Clusters& clusters);
  bool is_near(uint32_t a, uint32_t b, Clusters& clusters);
  uint32_t root(uint32_t text);
  std::span<const uint32_t> signature(uint32_t distinct) const;

  struct DigestHash {
    size_t operator()(const std::array<uint64_t, 2>& digest) const { return digest[0]; }
  };

  ClusterOptions options_;
  MinHash minhash_;
  Bands bands_{0, 0};
  double least_agreement_ = 0;
  ShingleFile shingles_;
  base::ThreadPool pool_;
  std::vector<std::string> batch_;
  std::unordered_map<std::array<uint64_t, 2>, uint32_t, DigestHash> distinct_of_;  // digest -> number among distinct texts
  std::vector<uint32_t> distinct_;      // of each text
  std::vector<uint32_t> signatures_;    // [distinct, permutations]
  std::vector<uint32_t> parent_;        // of each distinct text, the first of a cluster is its own
};

}  // namespace lockstep::rewards::data
