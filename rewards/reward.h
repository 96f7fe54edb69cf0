// SPDX-License-Identifier: Apache-2.0
// What a reward is: text in, a score with a status out. No torch here, so rewards build in seconds.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace lockstep::rewards {

// skip: the reward does not apply to this sample (TRL's None). error / timeout: it failed; counted, never a silent 0.
enum class Status { ok, skip, error, timeout };
const char* status_name(Status status);

struct Score {
  Status status = Status::ok;
  double value = 0;                            // meaningful when ok; finite
  std::string detail = {};                     // what was extracted, or why it failed
  std::string answer = {};                     // the extracted answer as text, for majority votes; empty: none
  std::map<std::string, double> metrics = {};  // named extras for the log
  std::map<std::string, std::string> extras = {};  // named texts for the table of completions
};

// One completion to score. Views live as long as the call.
struct Sample {
  std::string_view prompt;      // rendered prompt text
  std::string_view completion;  // decoded completion, special tokens skipped
  const base::Json* columns;    // the dataset row: "answer" (gold) and whatever else the row holds
  bool is_terminated = true;    // ended by itself (eos or stop), not by the length limit
  int64_t num_tokens = 0;
  std::span<const int32_t> ids = {};  // the completion's tokens, where the caller has them
  std::span<const int32_t> prompt_ids = {};  // likewise the prompt's, as the policy read it
};

// Thread-safe: `score` may be called from several threads at once.
class Reward {
 public:
  virtual ~Reward() = default;
  virtual const std::string& name() const = 0;
  virtual Score score(const Sample& sample) const = 0;
  // One score per sample, in order. The samples are the completions of one prompt, so that a reward may compare them
  // (Kimi's length) and a plugin is called once. By default each is scored alone, and
  // an exception becomes the status of its sample.
  virtual std::vector<Score> score_batch(std::span<const Sample> samples) const;
  // May the samples of a batch be scored one by one, as they come, by `score`? Only a reward that says so: any other gets
  // its batch as a whole.
  virtual bool scores_each_alone() const { return false; }
  // False: every sample of this row is skipped, and that is meant so (`where` of a config).
  virtual bool applies_to(const base::Json&) const { return true; }
  // Why every sample of this row would be skipped, as far as the row alone tells; nothing when it can be scored. Lets a
  // data set be checked when it is loaded.
  virtual std::optional<std::string> row_problem(const base::Json& row) const;
};

}  // namespace lockstep::rewards
