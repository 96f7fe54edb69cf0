// SPDX-License-Identifier: Apache-2.0
// The text of a row that a tool looks at.
#pragma once

#include <string>

#include "base/json.h"

namespace lockstep::rewards::data {

// `field` is one of
//   prompt      the turns of the prompt but the system's, which many rows share; a document is its own prompt
//   completion  the completion, "" without one
//   all         both
//   a column    its text, the contents of its messages, or its value as JSON
// Error at `where` when the row has no known shape, or no such column.
std::string field_text(const base::Json& row, const std::string& field, const std::string& where);

}  // namespace lockstep::rewards::data
