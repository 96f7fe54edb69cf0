// SPDX-License-Identifier: Apache-2.0
// What is said over a plugin's channel: samples as JSON, and scores read back from an answer that nobody vouches for.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "rewards/reward.h"

namespace lockstep::rewards::plugins {

inline constexpr size_t kMaxMetrics = 64;       // of a score; more are an error of that score
inline constexpr size_t kMaxNameBytes = 128;    // of a metric or an extra
inline constexpr size_t kMaxTextBytes = 65536;  // of an extra; longer ones are cut, details at 4096

// {"rows": [{"prompt": text, "columns": {...}}], "samples": [{"row": 0, "completion": text, "ids": [...],
// "is_terminated": true, "num_tokens": 5}]}: the row that samples of one prompt share is written once. Text is repaired UTF-8.
std::string call_text(std::span<const Sample> samples);

// The scores of {"scores": [{"value": 1.5} | {"skip": true} | {"timeout": true} | {"error": text}, ...]}; each may have "detail", "answer",
// "metrics": {name: number} and "extras": {name: text}. {"metrics": {...}} beside "scores" is of the whole call and goes to
// its first score. Always `num_samples` scores: with {"error": text}, another number of scores or another kind of message
// all are Status::error; a score of another kind is one itself.
std::vector<Score> read_scores(const base::Json& message, size_t num_samples);

// The same status and text for all samples.
std::vector<Score> failed_scores(Status status, const std::string& problem, size_t num_samples);

}  // namespace lockstep::rewards::plugins
