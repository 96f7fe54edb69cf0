// SPDX-License-Identifier: Apache-2.0
// `lockstep bench step`: one whole GRPO step - rollout, reward, forward, backward, optimizer - held against the roofline of this
// machine in the same process.
#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>

#include <chrono>
#include <iomanip>
#include <iostream>
#include <memory>
#include <optional>

#include "base/peak_rss.h"
#include "base/text.h"
#include "cli/bench_load.h"
#include "model/costs.h"
#include "rl/budget.h"
#include "rl/grpo_update.h"
#include "rl/optimizer.h"

namespace lockstep::cli {
namespace {

using kernels::cpu::MachinePeak;

struct StepSeconds {
  double step = 0, rollout = 0, reward = 0, forward = 0, backward = 0, optimizer = 0;
};

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// What `lockstep train` holds for GRPO, with random prompts instead of a data set.
class Trainer {
 public:
  Trainer(const rl::RunConfig& config, const Load& load, uint64_t seed)
      : config_(*config.grpo),
        load_(load),
        seed_(seed),
        open_(config),
        learner_(open_.transformer, config_.learner.num_shards, open_.pool,
                 {config_.learner.gradient_checkpointing, config_.learner.share_micro_batches}),
        optimizer_(named_parameters(open_.transformer), config_.learner.optimizer, open_.pool),
        rewards_({{.type = "format"}}, seed) {
    if (config_.loss.beta == 0) return;
    reference_.emplace(open_.transformer.config(), open_.transformer.options());
    const c10::NoGradGuard no_grad;
    for (size_t i = 0; i < reference_->parameters().size(); ++i)
      reference_->parameters()[i].value.copy_(open_.transformer.parameters()[i].value);
  }

  OpenEngine& open() { return open_; }
  double logp_difference_max() const { return logp_difference_max_; }

  StepSeconds step() {
    StepSeconds out;
    const double begin = now();
    auto rollout = draw();
    out.rollout = now() - begin;
    score(rollout);
    out.reward = now() - begin - out.rollout;
    const auto advantages = rl::rollout_advantages(rollout, config_);
    const auto metrics =
        rl::accumulate_grpo(learner_, rollout, advantages.samples, config_, {.reference = reference_ ? &*reference_ : nullptr});
    out.forward = learner_.seconds().forward;
    out.backward = learner_.seconds().backward;
    logp_difference_max_ = std::max(logp_difference_max_, metrics.logp_difference_max);
    const double updating = now();
    optimizer_.step(kLearningRate);
    open_.engine.publish(open_.engine.weight_version() + 1);
    out.optimizer = now() - updating;
    out.step = now() - begin;
    return out;
  }

 private:
  static constexpr double kLearningRate = 1e-6;

  static std::vector<model::NamedTensor> named_parameters(model::Transformer& transformer) {
    std::vector<model::NamedTensor> out;
    for (const auto& p : transformer.parameters())
      if (p.is_trainable) out.push_back({p.name, p.value});
    return out;
  }

  rl::Rollout draw() {
    rl::Rollout rollout;
    const auto requests = random_requests(load_, open_.transformer.config().vocab_size, seed_);
    rollout.groups = open_.engine.generate(requests, config_.sampling, seed_);
    for (const auto& request : requests) {
      rl::Prompt prompt;
      prompt.ids = request.prompt;
      rollout.prompts.push_back(std::move(prompt));
    }
    return rollout;
  }

  // Times a built-in reward on a text of the completion's length, then rewards every other sample: each has an advantage, and
  // none of the learner's work falls away.
  void score(rl::Rollout& rollout) const {
    for (const auto& group : rollout.groups) {
      rl::ScoredGroup scored;
      for (size_t i = 0; i < group.completions.size(); ++i) {
        rl::ScoredSample sample;
        for (const auto id : group.completions[i].ids) sample.text += cat(id, " ");
        sample.reward = rewards_.combined.score({"", sample.text, nullptr, true, static_cast<int64_t>(group.completions[i].ids.size())});
        sample.reward.status = rewards::Status::ok;
        sample.reward.value = i % 2 == 0 ? 1 : 0;
        scored.samples.push_back(std::move(sample));
      }
      rollout.scores.push_back(std::move(scored));
    }
  }

  const rl::GrpoConfig config_;
  const Load load_;
  const uint64_t seed_;
  OpenEngine open_;
  std::optional<model::Transformer> reference_;
  rl::Learner learner_;
  rl::AdamW optimizer_;
  rl::RewardSet rewards_;
  double logp_difference_max_ = 0;
};

// Tokens whose hidden states the learner computes: each prompt once, and each sample but for its last token.
double learner_tokens(const Load& load) {
  return static_cast<double>(load.prompts * load.prompt_tokens) + load.sequences() * static_cast<double>(load.new_tokens - 1);
}

// Least seconds of a step: products at the machine's peak, the decode's reads, and AdamW's passes over its state.
double step_roofline(const Load& load, const model::ModelConfig& config, const rl::GrpoConfig& grpo, at::ScalarType dtype,
                     double num_parameters, const MachinePeak& peak) {
  const auto cost = model::token_cost(config);
  const double rate = dtype == at::kFloat ? peak.f32_flops : peak.bf16_flops;
  const double head = 2.0 * static_cast<double>(config.vocab_size * config.hidden_size);
  const auto prompt = static_cast<double>(load.prompt_tokens), fresh = static_cast<double>(load.new_tokens);
  const double prompt_tokens = static_cast<double>(load.prompts) * prompt;
  const double keys = prompt_tokens * prompt / 2 + load.sequences() * fresh * (prompt + fresh / 2);
  const double products = learner_tokens(load) * (cost.matrix_flops - head) + load.sequences() * fresh * head;
  const double forward = products / rate + keys * cost.attention_flops_per_key / peak.f32_flops;
  const double prefill = prompt_tokens * (cost.matrix_flops - head) / rate;
  const double passes = grpo.loss.beta == 0 ? 3 : 4;  // the gradients of a product are two products; the reference is one more
  // f32 master and two moments read and written, the gradient read, the weight written.
  const double moved = num_parameters * (6 * 4 + 2 * static_cast<double>(c10::elementSize(dtype)));
  const double decode = decode_roofline(load, config, dtype, static_cast<double>(c10::elementSize(dtype)), peak);
  return prefill + decode + passes * forward + moved / peak.read_bytes;
}

base::Json measure(const Load& load, const rl::RunConfig& config, uint64_t seed, int64_t repeats) {
  Trainer trainer(config, load, seed);
  auto& open = trainer.open();
  const auto peak_before = peak_of_two(open.pool);
  trainer.step();  // touches every page once
  StepSeconds best = trainer.step();
  for (int64_t i = 1; i < repeats; ++i) {
    const auto again = trainer.step();
    if (again.step < best.step) best = again;
  }
  const int64_t peak_rss = base::peak_rss_bytes();
  const auto peak = best_of(peak_before, peak_of_two(open.pool));
  const auto& m = open.transformer;
  const double least = step_roofline(load, m.config(), *config.grpo, m.options().dtype,
                                     static_cast<double>(model::count_parameters(m.parameters())), peak);
  const double drawn = load.sequences() * static_cast<double>(load.new_tokens);
  return {{"prompts", load.prompts}, {"group", load.group}, {"prompt_tokens", load.prompt_tokens}, {"new_tokens", load.new_tokens},
          {"dtype", config.model.dtype}, {"kernels", config.kernels}, {"threads", open.pool.num_threads()},
          {"isa", std::string(kernels::cpu::isa_name(kernels::cpu::isa()))},
          {"loss_type", config.grpo->loss.loss_type}, {"beta", config.grpo->loss.beta},
          {"step_s", best.step}, {"rollout_s", best.rollout}, {"reward_s", best.reward}, {"forward_s", best.forward},
          {"backward_s", best.backward}, {"optimizer_s", best.optimizer},
          {"tokens_per_s", drawn / best.step},
          {"learner_tokens_per_s", drawn / (best.forward + best.backward + best.optimizer)},
          {"learner_computed_tokens_per_s", learner_tokens(load) / (best.forward + best.backward)},
          {"step_roofline_share", least / best.step}, {"logp_difference_max", trainer.logp_difference_max()},
          {"peak_gflops_f32", peak.f32_flops * 1e-9}, {"peak_gflops_bf16", peak.bf16_flops * 1e-9},
          {"read_gb_per_s", peak.read_bytes * 1e-9}, {"peak_rss_bytes", peak_rss},
          {"predicted_bytes", rl::make_budget(config, load.prompt_tokens).total_bytes()}};
}

rl::RunConfig step_config(const Arguments& arguments, const Load& load) {
  auto config = load_config(arguments);
  config.grpo.emplace();
  auto& grpo = *config.grpo;
  grpo.num_prompts = static_cast<int>(load.prompts);
  grpo.num_generations = static_cast<int>(load.group);
  grpo.sampling.max_completion_length = load.new_tokens;
  base::load(base::parse_json(arguments.value_or("loss", "{}"), "--loss"), grpo.loss, "/grpo/loss");
  base::load(base::parse_json(arguments.value_or("learner", "{}"), "--learner"), grpo.learner, "/grpo/learner");
  return config;
}

ExitCode run_bench_step(const Arguments& arguments) {
  at::set_num_threads(1);  // shards and lanes are the parallelism
  const Load load = load_of(arguments);
  const auto config = step_config(arguments, load);
  const auto result = measure(load, config, seed_of(arguments), arguments.integer_or("repeats", 3, 1, 1000));
  if (arguments.has("json")) {
    std::cout << result.dump(2) << "\n";
    return ExitCode::done;
  }
  const auto number = [&](const char* key, int digits) { return base::fixed(result.at(key).get<double>(), digits); };
  std::cout << "step     " << number("step_s", 2) << " s, " << number("step_roofline_share", 2) << " of the roofline, "
            << number("tokens_per_s", 0) << " new tokens/s\n";
  for (const char* part : {"rollout", "reward", "forward", "backward", "optimizer"})
    std::cout << std::left << std::setw(9) << part << number(cat(part, "_s").c_str(), 2) << " s\n";
  std::cout << "machine  " << number("peak_gflops_bf16", 0) << " GFLOP/s bf16, " << number("peak_gflops_f32", 0) << " f32, "
            << number("read_gb_per_s", 1) << " GB/s read\n";
  return ExitCode::done;
}

}  // namespace

Verb bench_step_verb() {
  auto options = load_options();
  options.push_back({.name = "loss", .value = "JSON", .meaning = "as grpo.loss of a run's config, e.g. '{\"beta\": 0.04}'"});
  options.push_back({.name = "learner", .value = "JSON", .meaning = "as grpo.learner of a run's config"});
  options.push_back({.name = "repeats", .value = "N", .meaning = "steps after a first one, of which the fastest counts (default 3)"});
  return {.name = "bench step",
          .summary = "measure one GRPO step: rollout, reward, forward, backward, optimizer",
          .usage = {.options = options,
                    .notes = "Every sample has an advantage and all the tokens asked for. rollout_s includes rearranging the new weights.\n"},
          .run = run_bench_step};
}

}  // namespace lockstep::cli
