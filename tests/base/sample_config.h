// SPDX-License-Identifier: Apache-2.0
// A config with every kind of field.
#pragma once

#include <map>

#include "base/config.h"

namespace lockstep::base {

struct GroupConfig {
  int group_size = 8;
  double kl_coef = 0;
  std::string loss_type = "grpo";
  void visit(auto&& field) {
    field("group_size", group_size, "completions per prompt, G", at_least(2));
    field("kl_coef", kl_coef, "weight of the KL term", at_least(0));
    field("loss_type", loss_type, "aggregation of the loss", one_of({"grpo", "dapo"}));
  }
};

struct SampleConfig {
  bool is_on = false;
  int count = 1;
  int64_t steps = 10;
  uint64_t seed = 0;
  double ratio = 0.5;
  double scale = 1;
  std::string name = "run";
  std::vector<int> sizes = {1, 2};
  std::vector<double> rates = {};
  std::vector<std::string> tags = {};
  std::vector<bool> flags = {};
  std::optional<int> limit = {};
  std::optional<std::string> note = {};
  GroupConfig grpo;
  std::optional<GroupConfig> teacher = {};
  std::vector<GroupConfig> stages = {};
  std::map<std::string, double> weights = {};
  std::map<std::string, std::string> labels = {};
  Json raw = Json::object();
  void visit(auto&& field) {
    field("is_on", is_on, "a switch");
    field("count", count, "a count");
    field("steps", steps, "a long count");
    field("seed", seed, "any 64 bits");
    field("ratio", ratio, "a share", between(0, 1));
    field("scale", scale, "a factor", above(0));
    field("name", name, "a name");
    field("sizes", sizes, "several sizes", at_least(0));
    field("rates", rates, "several rates");
    field("tags", tags, "several words");
    field("flags", flags, "several switches");
    field("limit", limit, "a limit that may be absent", at_least(1));
    field("note", note, "a remark that may be absent");
    field("grpo", grpo, "the algorithm");
    field("teacher", teacher, "another algorithm, absent unless named");
    field("stages", stages, "several algorithms");
    field("weights", weights, "a number for each name", at_least(0));
    field("labels", labels, "a word for each name");
    field("raw", raw, "kept as written");
  }
};

// One with a value other than the default in every field, and every container filled.
inline SampleConfig busy_config() {
  SampleConfig config;
  config.is_on = true;
  config.count = -3;
  config.steps = int64_t{1} << 40;
  config.seed = UINT64_MAX - 1;
  config.ratio = 0.1;
  config.scale = 1e-300;
  config.name = "Zürich \"x\"";
  config.sizes = {4, 5};
  config.rates = {0.1, 2e10};
  config.tags = {"a"};
  config.flags = {true};
  config.limit = 7;
  config.note = "n";
  config.grpo = {.group_size = 16, .kl_coef = 0.04, .loss_type = "dapo"};
  config.teacher = GroupConfig{.group_size = 2};
  config.stages = {GroupConfig{.group_size = 3}};
  config.weights = {{"math", 1.5}};
  config.labels = {{"k/~", "v"}};
  config.raw = {{"anything", {1, 2}}};
  return config;
}

}  // namespace lockstep::base
