// SPDX-License-Identifier: Apache-2.0
// Write a reward for Lockstep in C++: include this file, write one function, build a shared library.
//
//   #include "rewards/plugins/lockstep_reward.h"
//
//   LOCKSTEP_REWARD(sample) {
//     const auto gold = sample.column("answer");
//     if (!gold) return lockstep_reward::skip("the row has no answer");
//     return sample.completion().ends_with(*gold) ? 1.0 : 0.0;
//   }
//
//   g++ -std=c++20 -O2 -shared -fPIC -I lockstep my_reward.cpp -o libmy_reward.so
//
// where `lockstep` is the root of Lockstep's sources; `lockstep reward new` writes a folder that needs no sources.
//
// The function gets one completion and returns a number, or skip(why), or fail(why); an exception fails the sample. It may
// call sample.metric("name", 0.5) for the log and sample.detail("..."). It must be thread-safe: no global state. A reward
// that compares the completions of one prompt, has options or keeps state uses the C ABI below directly.
#pragma once

#include <cmath>
#include <exception>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rewards/plugins/lockstep_reward_abi.h"

namespace lockstep_reward {

inline std::string_view view(lockstep_reward_text text) { return {text.data, text.size}; }
inline lockstep_reward_text text(std::string_view view) { return {view.data(), view.size()}; }

class Sample {
 public:
  Sample(const lockstep_reward_batch& batch, uint32_t index) : batch_(batch), sample_(*batch.samples[index]), index_(index) {}

  std::string_view prompt() const { return view(sample_.prompt); }
  std::string_view completion() const { return view(sample_.completion); }
  bool is_terminated() const { return sample_.is_terminated != 0; }  // not cut off at the length limit
  int64_t num_tokens() const { return sample_.num_tokens; }
  std::span<const int32_t> token_ids() const { return {sample_.token_ids, sample_.num_token_ids}; }

  // A column of the row: its text, or JSON where it is no text. Nothing when the row has no such column.
  std::optional<std::string_view> column(std::string_view name) const {
    for (size_t i = 0; i < sample_.num_columns; ++i) {
      if (view(sample_.columns[i].name) == name) return view(sample_.columns[i].value);
    }
    return std::nullopt;
  }

  int64_t remaining_ms() const { return batch_.remaining_ms(batch_.context); }
  void metric(std::string_view name, double value) const { batch_.metric(batch_.context, index_, text(name), value); }
  void detail(std::string_view why) const { batch_.detail(batch_.context, index_, text(why)); }
  void log(std::string_view line) const { batch_.log(batch_.context, text(line)); }

 private:
  const lockstep_reward_batch& batch_;
  const lockstep_reward_sample& sample_;
  uint32_t index_;
};

struct Result {
  Result(double number) : value(number), status(std::isnan(number) ? LOCKSTEP_REWARD_SKIP : LOCKSTEP_REWARD_OK) {}
  Result(double number, int32_t outcome, std::string_view reason) : value(number), status(outcome), why(reason) {}
  double value;
  int32_t status;
  std::string why = {};
};
inline Result skip(std::string_view why = "") { return {0, LOCKSTEP_REWARD_SKIP, why}; }
inline Result fail(std::string_view why) { return {0, LOCKSTEP_REWARD_ERROR, why}; }

// Scores sample after sample; what is left at the deadline is a timeout.
template <Result (*kReward)(const Sample&)>
int32_t score_each(void*, const lockstep_reward_batch* batch) {
  for (uint32_t i = 0; i < batch->num_samples; ++i) {
    const Sample sample(*batch, i);
    if (sample.remaining_ms() == 0) {
      batch->statuses[i] = LOCKSTEP_REWARD_TIMEOUT;
      continue;
    }
    try {
      const Result result = kReward(sample);
      batch->values[i] = result.value;
      batch->statuses[i] = result.status;
      if (!result.why.empty()) sample.detail(result.why);
    } catch (const std::exception& error) {
      sample.detail(error.what());
    } catch (...) {
      sample.detail("an exception that is no std::exception");
    }
  }
  return 0;
}

}  // namespace lockstep_reward

extern "C" const lockstep_reward_plugin* lockstep_reward_plugin_v1();

namespace lockstep_reward {

// For tests of a reward: one completion scored through the library's own entry point, with these text columns.
inline Result score_text(std::string_view completion, const std::vector<std::pair<std::string_view, std::string_view>>& columns) {
  std::vector<lockstep_reward_column> row;
  for (const auto& [name, value] : columns) row.push_back({text(name), text(value), 1});
  const lockstep_reward_sample sample = {sizeof sample, 1, text(""), text(completion), row.data(), row.size(), nullptr, 0, 0};
  const lockstep_reward_sample* list[] = {&sample};
  Result result(0, LOCKSTEP_REWARD_ERROR, "");
  lockstep_reward_batch batch = {};
  batch.size = sizeof batch;
  batch.num_samples = 1;
  batch.samples = list;
  batch.values = &result.value;
  batch.statuses = &result.status;
  batch.context = &result;
  batch.remaining_ms = [](void*) -> int64_t { return 1000; };
  batch.metric = [](void*, uint32_t, lockstep_reward_text, double) {};
  batch.detail = [](void* context, uint32_t, lockstep_reward_text why) { static_cast<Result*>(context)->why = view(why); };
  batch.log = [](void*, lockstep_reward_text) {};
  const lockstep_reward_plugin* plugin = lockstep_reward_plugin_v1();
  if (plugin->score(nullptr, &batch) != 0) result.status = LOCKSTEP_REWARD_ERROR;
  return result;
}

}  // namespace lockstep_reward

// Defines the library's entry point and opens the function that follows.
#define LOCKSTEP_REWARD(sample)                                                                       \
  static lockstep_reward::Result lockstep_reward_function(const lockstep_reward::Sample&);            \
  extern "C" const lockstep_reward_plugin* lockstep_reward_plugin_v1() {                              \
    static const lockstep_reward_plugin plugin = {                                                    \
        sizeof(lockstep_reward_plugin), LOCKSTEP_REWARD_ABI_VERSION, LOCKSTEP_REWARD_THREAD_SAFE,     \
        __FILE__, nullptr, lockstep_reward::score_each<lockstep_reward_function>, nullptr};           \
    return &plugin;                                                                                   \
  }                                                                                                   \
  static lockstep_reward::Result lockstep_reward_function([[maybe_unused]] const lockstep_reward::Sample& sample)
