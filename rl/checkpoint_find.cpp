// SPDX-License-Identifier: Apache-2.0
// Which checkpoint to resume from, and which to remove.
#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "rl/checkpoint.h"
#include "rl/checkpoint_folders.h"

namespace lockstep::rl {
namespace {

// Out of the way in one step, then deleted: a crash in between leaves no half-deleted step_N.
void remove_checkpoint(const std::string& dir, int64_t step, const std::string& path) {
  const std::string aside = temporary_path(dir, step);
  base::rename_path(path, aside);
  base::remove_tree(aside);
}

}  // namespace

LatestCheckpoint find_latest(const std::string& dir) {
  LatestCheckpoint out;
  const auto all = list_checkpoints(dir);
  for (auto it = all.rbegin(); it != all.rend() && !out.checkpoint; ++it) {
    try {
      out.checkpoint = verify_checkpoint(it->second);
    } catch (const Error& error) {
      out.broken.push_back({it->second, error.what()});
    }
  }
  return out;
}

std::vector<std::string> remove_stale(const std::string& dir) {
  const std::vector<std::string> stale = list_temporaries(dir);
  for (const std::string& path : stale) base::remove_tree(path);
  return stale;
}

std::vector<std::string> apply_retention(const std::string& dir, const RetentionConfig& config) {
  const auto all = list_checkpoints(dir);
  std::vector<std::pair<int64_t, std::string>> leaving;
  int64_t num_newer = 0;
  for (auto it = all.rbegin(); it != all.rend(); ++it, ++num_newer) {
    const bool is_milestone = config.keep_every > 0 && it->first % config.keep_every == 0;
    if (num_newer >= config.keep_last && !is_milestone) leaving.emplace_back(it->first, it->second);
  }
  std::vector<std::string> removed;
  if (leaving.empty()) return removed;
  try {
    verify_checkpoint(all.rbegin()->second);
  } catch (const Error&) {
    return removed;
  }
  std::reverse(leaving.begin(), leaving.end());  // the oldest first
  for (const auto& [step, path] : leaving) {
    remove_checkpoint(dir, step, path);
    removed.push_back(path);
  }
  return removed;
}

}  // namespace lockstep::rl
