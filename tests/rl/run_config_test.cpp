// SPDX-License-Identifier: Apache-2.0
// The run's config: every member visited, every rule across fields refused by name, every shipped file valid.
#include "rl/run_config.h"

#include <filesystem>

#include "base/text.h"
#include "rl/pipeline/pipeline_config.h"
#include "rl/session.h"
#include "tests/support/errors.h"
#include "tests/support/temp_folder.h"

// Last: a LibTorch header defines a CHECK of its own, which aborts.
#include <doctest/doctest.h>

namespace lockstep::test {
namespace {

// The smallest run with every stage.
constexpr const char* kValid = R"({
  // comments are allowed
  "model": {"path": "some/model"},
  "rewards": [{"type": "accuracy"}],
  "pretrain": {}, "sft": {},
  "grpo": {"data": {"task": "chain_sum"}},
  "eval": {"data": {"task": "chain_sum"}}
})";

struct ConfigFile {
  TempFolder folder;
  std::string path = folder.write("run.json", kValid);
};

// Loading with this change is refused so.
void refuses(const std::vector<std::string>& assignments, const std::string& what, const std::string& where, const std::string& fix) {
  const ConfigFile file;
  CAPTURE(base::join(assignments, ", "));
  const auto error = error_of([&] { rl::load_run_config(file.path, assignments); });
  REQUIRE(error.has_value());
  INFO(std::string(error->what()));
  CHECK(error->what_happened().find(what) != std::string::npos);
  CHECK(error->where() == where);
  CHECK(error->fix().find(fix) != std::string::npos);
}

}  // namespace

TEST_CASE_TEMPLATE("run config: every member is visited and documented, load(dump) gives the same back",
                   Config,
                   rl::RunConfig,
                   rl::TokenizerConfig,
                   rl::ModelSource,
                   rl::PromptConfig,
                   rl::LearnerConfig,
                   rl::LoraConfig,
                   rl::OptimizerConfig,
                   rl::SaveConfig,
                   rl::SupervisedConfig,
                   rl::TextSource,
                   rl::PromptSource,
                   rl::GrpoConfig,
                   rl::EvalConfig,
                   rollout::SamplingConfig,
                   rollout::EngineConfig,
                   rewards::RewardConfig,
                   rewards::CorpusOptions) {
  CHECK(base::visited<Config>() == base::arity<Config>());
  for (const base::FieldDoc& field : base::field_docs<Config>()) {
    CAPTURE(field.path);
    CHECK(!field.meaning.empty());
  }
  Config config;
  const base::Json json = base::dump(config);
  base::load(json, config);
  CHECK(base::dump(config) == json);
}

TEST_CASE("run config: every shipped config of one run loads, validates and survives dump and load") {
  int count = 0;
  for (const char* folder : {"/configs", "/tests/e2e"})
    for (const auto& entry : std::filesystem::directory_iterator(std::string(LOCKSTEP_SOURCE_DIR) + folder)) {
      if (entry.path().extension() != ".json" || rl::pipeline::is_pipeline(entry.path().string())) continue;
      CAPTURE(entry.path().string());
      const auto config = rl::load_run_config(entry.path().string(), {});
      rl::RunConfig again;
      base::load(base::dump(config), again);
      CHECK(base::dump(again) == base::dump(config));
      CHECK(base::config_hash(again) == base::config_hash(config));
      ++count;
    }
  CHECK(count >= 4);
}

TEST_CASE("run config: what the file leaves out keeps its default; --set overrides the file, in order") {
  const ConfigFile file;
  const auto plain = rl::load_run_config(file.path, {});
  CHECK(plain.grpo->num_generations == rl::GrpoConfig().num_generations);
  CHECK(plain.model.path == "some/model");
  const auto changed = rl::load_run_config(
      file.path, {"grpo.loss.beta=0.001", "seed=5", "seed=6", "grpo.sampling.stop=[\"x\"]", "output_dir=runs/2", "sft=null"});
  CHECK(changed.grpo->loss.beta == 0.001);
  CHECK(changed.seed == 6);
  CHECK(changed.grpo->sampling.stop == std::vector<std::string>{"x"});
  CHECK(changed.output_dir == "runs/2");
  CHECK_FALSE(changed.sft.has_value());
  CHECK(changed.grpo->data.task == "chain_sum");
}

TEST_CASE("run config: every rule across fields names the values, the path and a way out") {
  refuses({"pretrain=null", "sft=null", "grpo=null"}, "the config has no stage", "/", "add \"pretrain\", \"sft\", \"dpo\", \"grpo\" or \"reward_model\"");
  refuses({"grpo.routing_replay=true"}, "routing_replay without recorded experts", "/grpo/routing_replay", "set engine.record_routing to true");
  refuses({"pretrain.aux_loss_alpha=1e-4", "pretrain.learner.gradient_checkpointing=true"}, "aux_loss_alpha with gradient_checkpointing",
          "/pretrain/aux_loss_alpha", "leave one of them out");
  refuses({"dpo={}"}, "preference optimisation without pairs", "/dpo/data/files", "name JSONL");
  refuses({"model.path="}, "exactly one of path and config", "/model", "name a folder in \"path\" or an architecture in \"config\"");
  refuses({"model.config.model_type=llama"}, "exactly one of path and config", "/model", "name a folder");
  refuses({"prompt.format=chatmll"}, "unknown prompt format \"chatmll\"", "/prompt/format", "chatml");
  refuses({"rewards=[]"}, "without a reward", "/rewards", "add at least one");
  refuses({"grpo.data.task="}, "no training prompts", "/grpo/data", "set \"task\" or \"file\"");
  refuses({"grpo.sampling.temperature=0"}, "temperature 0 draws the same completion", "/grpo/sampling/temperature", "use 1");
  refuses({"grpo.num_prompts=4", "grpo.num_minibatches=5"}, "num_minibatches 5 is more than num_prompts 4", "/grpo/num_minibatches",
          "at most one minibatch per prompt");
  refuses({"grpo.ref_model_sync_steps=10"}, "ref_model_sync_steps without a KL term", "/grpo/ref_model_sync_steps", "grpo.loss.beta above 0");
  refuses({"pretrain.target_pass_at_1=0.1", "eval.data.task="}, "target_pass_at_1 needs an evaluation", "/pretrain/target_pass_at_1",
          "add \"rewards\" and \"eval.data\"");
  refuses({"grpo=null", "pretrain.target_pass_at_1=0.1", "rewards=[]"}, "target_pass_at_1 needs an evaluation",
          "/pretrain/target_pass_at_1", "add \"rewards\" and \"eval.data\"");
}

TEST_CASE("run config: what an evaluation calls right is named, and what needs it says so") {
  refuses({"pretrain.target_pass_at_1=0.1", "rewards=[{\"type\": \"format\"}]"}, "target_pass_at_1 without a reward that says what is right",
          "/pretrain/target_pass_at_1", "add an accuracy reward");
  refuses({"eval.accuracy_reward=mine"}, "no reward is named \"mine\"", "/eval/accuracy_reward", "use one of ");
}

TEST_CASE("run config: the context of a new model stands in its config") {
  refuses({"model.path=", "model.config.model_type=llama", "model.max_position_embeddings=512"}, "beside its config", "/model", "write them into /model/config");
  refuses({"model.path=", "model.config.model_type=llama", "model.rope_scaling.factor=2"}, "beside its config", "/model", "write them into /model/config");
}

TEST_CASE("run config: every rule across the options of the loss names the values, the path and a way out") {
  const std::string loss = "grpo.loss.", at = "/grpo/loss/";
  refuses({loss + "loss_type=gspo", loss + "importance_sampling_level=product"}, "loss_type gspo with ratios of level product",
          at + "importance_sampling_level", "leave it out: gspo is of level sequence");
  refuses({loss + "loss_type=r1", loss + "importance_sampling_level=sequence"}, "loss_type r1 with ratios of level sequence",
          at + "importance_sampling_level", "leave it out: r1 is of level product");
  refuses({loss + "loss_type=vespo", loss + "importance_sampling_level=sequence"}, "loss_type vespo with ratios of level sequence",
          at + "importance_sampling_level", "vespo weighs whole samples itself");
  refuses({loss + "loss_type=reinforce", loss + "importance_sampling_level=sequence"}, "loss_type reinforce with ratios of level sequence",
          at + "importance_sampling_level", "reinforce has no ratio");
  refuses({loss + "loss_type=cispo"}, "loss_type cispo without the cap of its ratio", at + "epsilon_high", "recommends 5");
  refuses({loss + "loss_type=sapo", loss + "delta=2"}, "loss_type sapo does not clip, delta would do nothing", at + "delta", "leave it out");
  refuses({loss + "loss_type=vespo", loss + "clip_ratio_c=3"}, "loss_type vespo does not clip, clip_ratio_c would do nothing", at + "clip_ratio_c",
          "leave it out");
  refuses({loss + "delta=2", loss + "clip_ratio_c=3"}, "delta and clip_ratio_c bound the same term", at + "clip_ratio_c", "keep one");
  refuses({loss + "kl_loss_type=k1"}, "kl_loss_type without a KL term", at + "kl_loss_type", "set beta above 0");
  refuses({loss + "use_kl_in_reward=true"}, "use_kl_in_reward with beta 0", at + "use_kl_in_reward", "set beta above 0");
  refuses({loss + "beta=0.1", loss + "use_kl_in_reward=true", loss + "use_bias_correction_kl=true"}, "use_kl_in_reward leaves none",
          at + "use_bias_correction_kl", "leave out one");
  refuses({loss + "loss_type=reinforce", loss + "use_bias_correction_kl=true"}, "reinforce has none", at + "use_bias_correction_kl", "leave it out");
  refuses({loss + "entropy_coef_min=2"}, "entropy_coef_min 2 is above entropy_coef_max 1", at + "entropy_coef_min", "smaller");
  refuses({loss + "use_adaptive_entropy=true", loss + "entropy_coef=1.5"}, "begins at 1.5, outside of [0, 1]", at + "entropy_coef",
          "between entropy_coef_min and entropy_coef_max");
  refuses({loss + "importance_sampling_clip_min=3"}, "importance_sampling_clip_min 3 is not below importance_sampling_clip_max 3",
          at + "importance_sampling_clip_min", "smaller");
  refuses({loss + "loss_type=vespo", loss + "importance_sampling_mode=sequence_mask"}, "loss_type vespo with importance_sampling_mode sequence_mask",
          at + "importance_sampling_mode", "token_truncate or token_mask");
  refuses({"grpo.ref_model_mixup_alpha=0.5", loss + "beta=0.1"}, "ref_model_mixup_alpha without ref_model_sync_steps", "/grpo/ref_model_mixup_alpha",
          "ref_model_sync_steps");
  refuses({"grpo.advantage.adv_estimator=rloo", "grpo.advantage.scale_rewards=batch"}, "adv_estimator rloo does not scale",
          "/grpo/advantage/scale_rewards", "use the estimator grpo");
  const std::string each = "grpo.advantage.multi_objective_aggregation=normalize_then_sum";
  refuses({each, "grpo.advantage.adv_estimator=rloo"}, "normalize_then_sum with adv_estimator rloo", "/grpo/advantage/adv_estimator",
          "use sum_then_normalize");
  refuses({each, "grpo.loss.use_kl_in_reward=true", "grpo.loss.beta=0.1"}, "normalize_then_sum with use_kl_in_reward",
          "/grpo/loss/use_kl_in_reward", "use sum_then_normalize");
  refuses({"grpo.advantage.adv_estimator=reinforce_plus_plus_baseline", "grpo.advantage.scale_rewards=none"}, "scales by the batch",
          "/grpo/advantage/scale_rewards", "use the estimator grpo");
  refuses({loss + "loss_type=grpq"}, "grpq", at + "loss_type", "did you mean \"grpo\"?");
  refuses({loss + "top_entropy_quantile=1.5"}, "1.5", at + "top_entropy_quantile", "0 to 1");
  refuses({"grpo.dynamic_sampling.when_exhausted=stop"}, "stop", "/grpo/dynamic_sampling/when_exhausted", "go_on");
}

TEST_CASE("run config: ranks work on the CPU, and each has a shard") {
  rl::RunConfig config;
  config.grpo.emplace().learner.num_shards = 3;
  config.device = "cuda";
  rl::check_ranks(config, 1);
  check_error([&] { rl::check_ranks(config, 2); }, "2 ranks with device \"cuda\": ranks work on the CPU so far", "/device", "use one rank, or \"cpu\"");
  config.device = "cpu";
  rl::check_ranks(config, 3);
  check_error([&] { rl::check_ranks(config, 4); }, "num_shards 3 is less than the 4 ranks", "/grpo/learner/num_shards", "a multiple of the ranks");
}

TEST_CASE("run config: the rules let through what they must") {
  const ConfigFile file;
  for (const std::vector<std::string>& assignments :
       {std::vector<std::string>{"grpo.ref_model_sync_steps=10", "grpo.loss.beta=0.01"},
        {"grpo.num_prompts=4", "grpo.num_minibatches=4"},
        {"pretrain.target_pass_at_1=0.1"},
        {"grpo=null", "rewards=[]"},
        {"grpo.data.task=", "grpo.data.file=rows.jsonl"},
        {"grpo.loss.loss_type=cispo", "grpo.loss.epsilon_high=5"},
        {"grpo.loss.loss_type=r1", "grpo.loss.importance_sampling_level=product", "grpo.loss.epsilon=10"},
        {"grpo.loss.beta=0.1", "grpo.ref_model_sync_steps=1", "grpo.ref_model_mixup_alpha=0.01", "grpo.loss.kl_loss_type=k2"},
        {"engine.quantization=q8_0", "grpo.num_iterations=2"},
        {"grpo.advantage.adv_estimator=rloo", "grpo.advantage.scale_rewards=none"},
        {"eval.sampling.temperature=0"}}) {
    CAPTURE(base::join(assignments, ", "));
    CHECK_NOTHROW(rl::load_run_config(file.path, assignments));
  }
}

TEST_CASE("run config: unknown keys, wrong kinds and values out of range are refused at their path") {
  refuses({"grpo.num_generation=8"}, "num_generation", "/grpo/num_generation", "num_generations");
  refuses({"outputdir=1"}, "outputdir", "/outputdir", "output_dir");
  refuses({"grpo.num_generations=1"}, "1", "/grpo/num_generations", "2");
  refuses({"pretrain.max_steps=1.5"}, "1.5", "/pretrain/max_steps", "");
  refuses({"device=tpu"}, "tpu", "/device", "cpu");
  refuses({"rewards=[{\"typ\": \"accuracy\"}]"}, "typ", "/rewards/0/typ", "type");
}

TEST_CASE("run config: a missing or malformed file and a malformed assignment are Errors") {
  CHECK(error_of([] { rl::load_run_config("no/such/run.json", {}); }).value().where().find("no/such/run.json") == 0);
  const TempFolder folder;
  const auto path = folder.write("run.json", "{\"seed\": ");
  CHECK(error_of([&] { rl::load_run_config(path, {}); }).value().where().find(path) == 0);
  const ConfigFile file;
  CHECK(error_of([&] { rl::load_run_config(file.path, {"seed"}); }).value().where().find("seed") != std::string::npos);
}

}  // namespace lockstep::test
