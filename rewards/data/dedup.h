// SPDX-License-Identifier: Apache-2.0
// `lockstep data dedup`: files in, one file without duplicates out, and what was found.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "rewards/data/clusters.h"

namespace lockstep::rewards::data {

struct DedupOptions {
  std::string field = "prompt";  // field_text.h
  ClusterOptions clusters = {};
  void visit(auto&& add) {
    add("field", field, "the text that counts: prompt, completion, all, or a column");
    clusters.visit(add);
  }
};

struct DedupReport {
  struct Example {
    size_t num_rows;
    std::string kept = {}, kept_text = {}, removed = {}, removed_text = {};  // where the rows stand, and the beginnings of their texts
  };
  size_t rows_in = 0, rows_out = 0;
  size_t num_clusters = 0, largest = 0;  // of two rows and more
  Clusters clusters = {};                // without `first`
  std::map<size_t, size_t> sizes = {};   // clusters of up to 2, 4, 8, ... rows
  std::vector<Example> examples = {};    // of the largest clusters

  base::Json json() const;
  std::string text() const;
};

// Keeps the first row of each cluster, in order and byte for byte. Reads the files twice: Error when one changed in between.
DedupReport dedup(const std::vector<std::string>& inputs, const std::string& output, const DedupOptions& options);

}  // namespace lockstep::rewards::data
