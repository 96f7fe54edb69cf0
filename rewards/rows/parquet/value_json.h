// SPDX-License-Identifier: Apache-2.0
// One value of a column as JSON.
#pragma once

#include "base/json.h"
#include "rewards/rows/parquet/values.h"

namespace lockstep::rewards::rows::parquet {

// Numbers and booleans as such (NaN and infinities become null, which JSON has instead), texts as text, dates and times of day with
// a date in ISO 8601 ("2024-02-29T13:05:00.25", in the time zone of the column), times of day as the number that is stored, UUIDs
// in hexadecimal. Error for bytes that are no UTF-8, for decimals and INT96.
base::Json value_json(const Value& value, const Leaf& leaf, const Place& place);

}  // namespace lockstep::rewards::rows::parquet
