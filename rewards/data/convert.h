// SPDX-License-Identifier: Apache-2.0
// `lockstep data convert`: rows of any shape as rows of one.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "rewards/rows/example.h"

namespace lockstep::rewards::data {

struct ConvertReport {
  size_t num_rows = 0;
  std::map<std::string, size_t> shapes = {};  // that were read
};

// Error at the row that the shape cannot hold (rows/example.h); then nothing is written.
ConvertReport convert(const std::vector<std::string>& inputs, const std::string& output, rows::Shape shape);

}  // namespace lockstep::rewards::data
