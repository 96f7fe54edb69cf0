// SPDX-License-Identifier: Apache-2.0
// configs/paper against the papers: each file loads, and its values are those of this table, which was made from the texts.
#include <filesystem>
#include <set>

#include "base/json.h"
#include "base/text.h"
#include "tests/cli/lockstep.h"

namespace lockstep::test {
namespace {

using base::Json;

// A value by its JSON pointer.
using Values = std::vector<std::pair<std::string, Json>>;

struct Paper {
  std::string name;
  std::string shapes;  // a folder of configs/paper/shapes; empty: no public architecture
  double billions;     // parameters, as the model's name has them
  Values values;
};

Values rl(double lr, double beta, double epsilon, int prompts, int generations, int minibatches, int length, double temperature) {
  return {{"/grpo/learner/schedule/learning_rate", lr},
          {"/grpo/loss/beta", beta},
          {"/grpo/loss/epsilon", epsilon},
          {"/grpo/num_prompts", prompts},
          {"/grpo/num_generations", generations},
          {"/grpo/num_minibatches", minibatches},
          {"/grpo/num_iterations", 1},
          {"/grpo/sampling/max_completion_length", length},
          {"/grpo/sampling/temperature", temperature}};
}

// R1's RL runs: 8,192 outputs a rollout, 16 updates, the reference replaced every 400 of them.
Values r1(double epsilon, double temperature, int updates) {
  auto values = rl(3e-6, 0.001, epsilon, 512, 16, 16, 32768, temperature);
  values.insert(values.end(), {{"/grpo/ref_model_sync_steps", 400 / 16}, {"/grpo/ref_model_mixup_alpha", 1.0}, {"/grpo/max_steps", updates / 16},
                               {"/grpo/loss/loss_type", "grpo"}, {"/grpo/advantage/scale_rewards", "group"}});
  return values;
}

// The 800k samples have 5,355 tokens on average.
Values sft(double lr, int batch, int64_t samples, int epochs) {
  return {{"/sft/learner/schedule/learning_rate", lr},
          {"/sft/learner/schedule/lr_scheduler_type", "cosine"},
          {"/sft/learner/schedule/final_lr_ratio", 0.1},
          {"/sft/batch_tokens", batch * 5355},
          {"/sft/max_steps", samples * epochs / batch},
          {"/sft/data/max_length", 32768}};
}

const std::vector<Paper>& papers() {
  static const std::vector<Paper> table = [] {
    std::vector<Paper> out = {
        {"deepseekmath_grpo", "deepseek_math_7b", 6.9, rl(1e-6, 0.04, 0.2, 1024 / 64, 64, 1, 1024, 1.0)},
        {"r1_zero", "deepseek_v3", 685, r1(0.2, 1.0, 8200)},
        {"r1_stage1", "deepseek_v3", 685, r1(10, 1.0, 10400)},
        {"r1_stage2", "deepseek_v3", 685, r1(10, 0.7, 1700)},
        {"sft_cold_start", "deepseek_v3", 685, sft(5e-5, 128, 5000, 2)},
        {"sft_800k", "deepseek_v3", 685, sft(5e-5, 128, 804745, 2)},
        {"distill_qwen_1_5b", "qwen2_5_math_1_5b", 1.54, sft(1e-4, 64, 804745, 2)},
        {"distill_qwen_7b", "qwen2_5_math_7b", 7.62, sft(8e-5, 64, 804745, 2)},
        {"distill_qwen_14b", "qwen2_5_14b", 14.77, sft(7e-5, 64, 804745, 2)},
        {"distill_qwen_32b", "qwen2_5_32b", 32.76, sft(6e-5, 64, 804745, 2)},
        {"distill_llama_8b", "llama_3_1_8b", 8.03, sft(5e-5, 64, 804745, 2)},
        {"distill_llama_70b", "llama_3_3_70b", 70.55, sft(2e-5, 64, 804745, 2)},
        {"dapo", "qwen2_5_32b", 32.76, rl(1e-6, 0, 0.2, 512, 16, 16, 16384 + 4096, 1.0)},
        {"dr_grpo", "qwen2_5_math_7b", 7.62, rl(1e-6, 0, 0.2, 128, 8, 8, 3000, 1.0)},
        {"nanochat_rl", "", 0, rl(1e-5, 0, 0.2, 16, 16, 1, 256, 1.0)},
    };
    const auto more = [&](const std::string& name, const Values& values) {
      for (auto& paper : out)
        if (paper.name == name) paper.values.insert(paper.values.end(), values.begin(), values.end());
    };
    more("deepseekmath_grpo", {{"/grpo/loss/loss_type", "grpo"}, {"/grpo/loss/kl_loss_type", "k3"}, {"/grpo/advantage/scale_rewards", "group"}});
    more("r1_zero", {{"/prompt/format", "r1_zero"}, {"/rewards/0/weight", 1.0}, {"/rewards/2/type", "format"}, {"/rewards/2/weight", 1.0}});
    more("r1_stage1", {{"/rewards/3/type", "language"}, {"/rewards/3/weight", 1.0}});
    more("r1_stage2", {{"/rewards/3/type", "language"}});
    more("dapo", {{"/grpo/loss/loss_type", "dapo"}, {"/grpo/loss/epsilon_high", 0.28}, {"/grpo/dynamic_sampling/enable", true},
                  {"/grpo/learner/schedule/warmup_steps", 20}, {"/rewards/0/weight", 2.0}, {"/rewards/1/options/max_completion_len", 20480},
                  {"/rewards/1/options/soft_punish_cache", 4096}, {"/eval/num_samples", 32}, {"/eval/sampling/top_p", 0.7}});
    more("dr_grpo", {{"/grpo/loss/loss_type", "dr_grpo"}, {"/grpo/advantage/scale_rewards", "none"}});
    more("nanochat_rl", {{"/grpo/loss/loss_type", "reinforce"}, {"/grpo/advantage/scale_rewards", "none"}, {"/grpo/sampling/top_k", 50},
                         {"/grpo/max_steps", 7473 / 16}, {"/grpo/learner/schedule/lr_scheduler_type", "linear"}});
    return out;
  }();
  return table;
}

const std::string& folder() {
  static const std::string path = LOCKSTEP_SOURCE_DIR "/configs/paper";
  return path;
}

// The dry run's "parameters N", in billions; 0 when there is no budget.
double billions_in(const std::string& err) {
  const std::string begin = "parameters ";
  return err.starts_with(begin) ? std::stod(err.substr(begin.size())) / 1e9 : 0;
}

}  // namespace

TEST_CASE("paper configs: every file is in the table, and every entry has its file") {
  std::set<std::string> files, known;
  for (const auto& entry : std::filesystem::directory_iterator(folder()))
    if (entry.path().extension() == ".json") files.insert(entry.path().stem().string());
  for (const auto& paper : papers()) known.insert(paper.name);
  CHECK(files == known);
}

TEST_CASE("paper configs: each loads, resolves to itself, and has the values of its paper") {
  for (const auto& paper : papers()) {
    CAPTURE(paper.name);
    const auto run = lockstep({"train", cat(folder(), "/", paper.name, ".json"), "--dry-run"});
    CAPTURE(run.err);
    REQUIRE(run.exit_code == 0);
    const auto json = base::parse_json(run.out, "dry run");
    for (const auto& [path, value] : paper.values) {
      CAPTURE(path);
      const auto& found = json.at(Json::json_pointer(path));
      if (value.is_number()) {
        CHECK(found.get<double>() == doctest::Approx(value.get<double>()));
      } else {
        CHECK(found == value);
      }
    }
    const ScratchFolder scratch;
    CHECK(lockstep({"train", scratch.write("resolved.json", run.out), "--dry-run"}).out == run.out);
  }
}

TEST_CASE("paper configs: shapes alone give a budget, with the parameters that the model's name has") {
  for (const auto& paper : papers()) {
    if (paper.shapes.empty()) continue;
    CAPTURE(paper.name);
    const auto run = lockstep({"train", cat(folder(), "/", paper.name, ".json"), "--set", cat("model.path=", folder(), "/shapes/", paper.shapes), "--dry-run"});
    CAPTURE(run.err);
    REQUIRE(run.exit_code == 0);
    CHECK(billions_in(run.err) == doctest::Approx(paper.billions).epsilon(0.01));
  }
}

}  // namespace lockstep::test
