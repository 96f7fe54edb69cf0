// SPDX-License-Identifier: Apache-2.0
// Loading a library, and one call of it: samples in the ABI's form, results checked.
#include "rewards/plugins/library.h"

#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <limits>

#include "base/error.h"
#include "base/text.h"
#include "rewards/plugins/messages.h"

namespace lockstep::rewards::plugins {
namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kEntry = "lockstep_reward_plugin_v1";
constexpr size_t kMaxDetailBytes = 4096;

lockstep_reward_text as_text(std::string_view view) { return {view.data(), view.size()}; }

// What a plugin passes may be anything but a wild pointer: cut, and made printable where it is a name.
std::string text_of(lockstep_reward_text text, size_t max_bytes) {
  return text.data == nullptr ? "" : base::repair_utf8({text.data, std::min(text.size, max_bytes)});
}

// What the functions of a batch write to. They may be called from any thread of the plugin.
struct Call {
  std::mutex mutex;
  Clock::time_point deadline;
  std::vector<Score> scores;
  const std::function<void(const std::string&)>* log;
};

constexpr double kPluginShare = 0.9;  // of the time: what is left is for the way back

Clock::time_point after(double seconds) {
  return Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

int64_t remaining_ms(void* context) {
  const auto left = static_cast<Call*>(context)->deadline - Clock::now();
  return std::max<int64_t>(0, std::chrono::ceil<std::chrono::milliseconds>(left).count());
}

void add_metric(void* context, uint32_t sample, lockstep_reward_text name, double value) {
  auto& call = *static_cast<Call*>(context);
  const std::lock_guard lock(call.mutex);
  if (sample >= call.scores.size() || name.size == 0 || name.size > kMaxNameBytes || !std::isfinite(value)) return;
  auto& metrics = call.scores[sample].metrics;
  const std::string key = base::printable(text_of(name, kMaxNameBytes));
  if (metrics.size() < kMaxMetrics || metrics.contains(key)) metrics[key] = value;
}

void set_detail(void* context, uint32_t sample, lockstep_reward_text text) {
  auto& call = *static_cast<Call*>(context);
  const std::lock_guard lock(call.mutex);
  if (sample < call.scores.size()) call.scores[sample].detail = text_of(text, kMaxDetailBytes);
}

void log_line(void* context, lockstep_reward_text text) {
  auto& call = *static_cast<Call*>(context);
  const std::lock_guard lock(call.mutex);
  (*call.log)(base::printable(text_of(text, kMaxDetailBytes)));
}

// Samples as the ABI has them, and the storage that they point into.
struct AbiSamples {
  std::vector<std::vector<std::string>> values;
  std::vector<std::vector<lockstep_reward_column>> columns;
  std::vector<lockstep_reward_sample> samples;
  std::vector<const lockstep_reward_sample*> pointers;

  explicit AbiSamples(std::span<const Sample> list) {
    samples.reserve(list.size());
    for (const Sample& sample : list) add(sample);
    for (const auto& sample : samples) pointers.push_back(&sample);
  }

  void add(const Sample& sample) {
    auto& row_values = values.emplace_back();
    auto& row = columns.emplace_back();
    if (sample.columns != nullptr && sample.columns->is_object()) {
      for (const auto& [name, value] : sample.columns->items()) {
        if (!value.is_string()) row_values.push_back(value.dump(-1, ' ', false, base::Json::error_handler_t::replace));
      }
      size_t next = 0;
      for (const auto& [name, value] : sample.columns->items()) {
        const bool is_text = value.is_string();
        const std::string& text = is_text ? value.get_ref<const std::string&>() : row_values[next++];
        row.push_back({as_text(name), as_text(text), is_text});
      }
    }
    samples.push_back({.size = sizeof(lockstep_reward_sample),
                       .is_terminated = sample.is_terminated,
                       .prompt = as_text(sample.prompt),
                       .completion = as_text(sample.completion),
                       .columns = row.data(),
                       .num_columns = row.size(),
                       .token_ids = sample.ids.data(),
                       .num_token_ids = sample.ids.size(),
                       .num_tokens = sample.num_tokens});
  }
};

void take_result(Score& score, double value, int32_t status) {
  score.status = Status::error;
  if (status == LOCKSTEP_REWARD_SKIP || (status == LOCKSTEP_REWARD_OK && std::isnan(value))) {
    score.status = Status::skip;
  } else if (status == LOCKSTEP_REWARD_TIMEOUT) {
    score.status = Status::timeout;
  } else if (status == LOCKSTEP_REWARD_OK && std::isfinite(value)) {
    score.status = Status::ok;
    score.value = value;
  } else if (status == LOCKSTEP_REWARD_OK) {
    score.detail = "the value is not finite";
  } else if (status != LOCKSTEP_REWARD_ERROR) {
    score.detail = cat("there is no status ", status);
  } else if (score.detail.empty()) {
    score.detail = "the plugin gave no value";
  }
}

}  // namespace

void Library::Closer::operator()(void* handle) const { ::dlclose(handle); }

Library::Library(const std::string& path, const base::Json& options, std::function<void(const std::string&)> log)
    : path_(path), log_(std::move(log)) {
  // A name without "/" would be looked for on the system's library path.
  handle_.reset(::dlopen(std::filesystem::absolute(path).c_str(), RTLD_NOW | RTLD_LOCAL));
  if (!handle_) throw Error(cat("cannot load the library: ", ::dlerror()), path, "build it with g++ -shared -fPIC");
  const auto entry = reinterpret_cast<lockstep_reward_plugin_function>(::dlsym(handle_.get(), kEntry));
  if (entry == nullptr) {
    throw Error(cat("the library has no function ", kEntry), path,
                "use LOCKSTEP_REWARD of lockstep_reward.h, or export the function with C linkage");
  }
  const lockstep_reward_plugin* plugin = entry();
  check(plugin);
  if (plugin->create != nullptr) {
    std::array<char, 1024> problem{};
    const std::string text = options.dump();
    state_ = plugin->create(as_text(text), problem.data(), problem.size() - 1);
    problem.back() = '\0';
    if (state_ == nullptr) throw Error(cat("the library refuses its options: ", base::printable(problem.data())), path, "correct options");
  } else if (!options.empty()) {
    throw Error("the library takes no options", path, "remove options");
  }
  plugin_ = plugin;
}

void Library::check(const lockstep_reward_plugin* plugin) const {
  if (plugin == nullptr) throw Error(cat(kEntry, " returned nothing"), path_, "return the address of a static table");
  if (plugin->abi_version != LOCKSTEP_REWARD_ABI_VERSION) {
    throw Error(cat("the library was built for version ", plugin->abi_version, " of the ABI, this is version ",
                    static_cast<int>(LOCKSTEP_REWARD_ABI_VERSION)),
                path_, "build it again with this Lockstep's lockstep_reward_abi.h");
  }
  if (plugin->size < sizeof(lockstep_reward_plugin)) {
    throw Error(cat("the library's table has ", plugin->size, " bytes, version 1 has ", sizeof(lockstep_reward_plugin)), path_,
                "set size to sizeof(lockstep_reward_plugin)");
  }
  if (plugin->score == nullptr) throw Error("the library has no score function", path_, "set score in its table");
}

Library::~Library() {
  if (plugin_ != nullptr && plugin_->destroy != nullptr && state_ != nullptr) plugin_->destroy(state_);
}

std::vector<Score> Library::score(std::span<const Sample> samples, double timeout_s) const {
  const AbiSamples abi(samples);
  std::vector<double> values(samples.size(), std::numeric_limits<double>::quiet_NaN());
  std::vector<int32_t> statuses(samples.size(), LOCKSTEP_REWARD_ERROR);
  Call call;
  call.scores.resize(samples.size());
  call.log = &log_;
  const lockstep_reward_batch batch{.size = sizeof(lockstep_reward_batch),
                                    .num_samples = static_cast<uint32_t>(samples.size()),
                                    .samples = abi.pointers.data(),
                                    .values = values.data(),
                                    .statuses = statuses.data(),
                                    .context = &call,
                                    .remaining_ms = remaining_ms,
                                    .metric = add_metric,
                                    .detail = set_detail,
                                    .log = log_line};
  std::unique_lock lock(mutex_, std::defer_lock);
  if ((plugin_->flags & LOCKSTEP_REWARD_THREAD_SAFE) == 0) lock.lock();
  call.deadline = after(kPluginShare * timeout_s);
  const auto end = after(timeout_s);
  const int32_t code = plugin_->score(state_, &batch);
  const bool is_late = Clock::now() > end;
  if (lock) lock.unlock();
  if (is_late) return failed_scores(Status::timeout, cat("no answer within ", timeout_s, " s"), samples.size());
  if (code != 0) return failed_scores(Status::error, cat("the library failed with code ", code), samples.size());
  for (size_t i = 0; i < samples.size(); ++i) take_result(call.scores[i], values[i], statuses[i]);
  return std::move(call.scores);
}

}  // namespace lockstep::rewards::plugins
