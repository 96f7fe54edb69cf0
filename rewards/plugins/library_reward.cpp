// SPDX-License-Identifier: Apache-2.0
// A shared library as a reward: in place, or behind the workers.
#include "rewards/plugins/library_reward.h"

#include <filesystem>

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "rewards/plugins/library.h"
#include "rewards/plugins/pooled_reward.h"

namespace lockstep::rewards::plugins {
namespace {

class InPlaceReward final : public NamedReward {
 public:
  InPlaceReward(const std::string& name, const LibraryConfig& config)
      : NamedReward(name), library_(config.file, config.options, [name](const std::string& line) { base::log_info(cat("reward ", name, ": ", line)); }),
        timeout_s_(config.process.timeout_s) {}
  Score score(const Sample& sample) const override { return std::move(score_batch({&sample, 1}).front()); }
  std::vector<Score> score_batch(std::span<const Sample> samples) const override { return library_.score(samples, timeout_s_); }
  bool scores_each_alone() const override { return false; }

 private:
  Library library_;
  double timeout_s_;
};

std::string host_program(const LibraryConfig& config, const std::string& where) {
  if (!config.host.empty()) return config.host;
  std::error_code ignored;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", ignored);
  if (self.filename() == "lockstep") return self.string();
  throw Error(cat("this program, ", self.filename().string(), ", cannot serve a library"), where + "/options/host",
              "name the program `lockstep`, or set isolation to none");
}

}  // namespace

std::unique_ptr<Reward> make_library_reward(const std::string& name, const LibraryConfig& config, const std::string& where) {
  if (!std::filesystem::is_regular_file(config.file)) {
    throw Error(config.file.empty() ? "no library is named" : cat("there is no file ", base::printable(config.file)),
                where + "/options/file", "name a shared library; relative paths begin where Lockstep was started");
  }
  if (config.isolation == "none") return std::make_unique<InPlaceReward>(name, config);
  const base::Json settings = {{"file", config.file},
                               {"options", config.options},
                               {"max_memory_mb", config.process.max_memory_mb},
                               {"timeout_s", config.process.timeout_s}};
  WorkerOptions options{.argv = config.process.prefix(config.file),
                        .where = cat(where, ": ", config.file),
                        .call_timeout_s = config.process.timeout_s,
                        .start_timeout_s = config.process.start_timeout_s};
  for (const std::string& word : {host_program(config, where), std::string("reward"), std::string("host"), settings.dump()}) {
    options.argv.push_back(word);
  }
  return std::make_unique<PooledReward>(name, std::move(options), config.process.num_workers);
}

}  // namespace lockstep::rewards::plugins
