// SPDX-License-Identifier: Apache-2.0
// Random prompts, an engine for them, and what this machine could do at best.
#include "cli/bench_load.h"


#include <algorithm>

#include "base/rng.h"
#include "model/costs.h"

namespace lockstep::cli {

using kernels::cpu::MachinePeak;

std::vector<Option> load_options() {
  auto options = policy_options();
  options.push_back({.name = "prompts", .value = "P", .meaning = "random prompts (default 8)"});
  options.push_back({.name = "group", .value = "G", .meaning = "samples per prompt (default 8)"});
  options.push_back({.name = "prompt-tokens", .value = "N", .meaning = "tokens of a prompt (default 128)"});
  options.push_back({.name = "new-tokens", .value = "N", .meaning = "tokens of a sample (default 128)"});
  options.push_back({.name = "lanes", .value = "N", .meaning = "independent batches, one thread each (default: one per thread)"});
  options.push_back({.name = "draft", .value = "KIND", .meaning = "auto, mtp, lookup or none (default none)"});
  options.push_back({.name = "quantization", .value = "none|q8_0", .meaning = "format of the weights (default none)"});
  options.push_back({.name = "seed", .value = "N", .meaning = "keys the prompts and the noise (default 0)"});
  options.push_back({.name = "json", .meaning = "print all figures as JSON"});
  return options;
}

Load load_of(const Arguments& arguments) {
  return {arguments.integer_or("prompts", 8, 1, 1 << 20), arguments.integer_or("group", 8, 1, 65536),
          arguments.integer_or("prompt-tokens", 128, 1, 1 << 20), arguments.integer_or("new-tokens", 128, 2, 1 << 20)};
}

rl::RunConfig load_config(const Arguments& arguments) {
  auto config = policy_config(arguments);
  config.engine.lanes = static_cast<int>(arguments.integer_or("lanes", config.engine.lanes, 0, 1024));
  config.engine.draft = choice_or(arguments, "draft", "none", {"auto", "mtp", "lookup", "none"});
  config.engine.quantization = choice_or(arguments, "quantization", "none", {"none", "q8_0"});
  return config;
}

std::vector<rollout::Request> random_requests(const Load& load, int64_t vocab_size, uint64_t seed) {
  base::Random random(seed, "bench prompts");
  std::vector<rollout::Request> out;
  for (int64_t p = 0; p < load.prompts; ++p) {
    std::vector<model::TokenId> ids(static_cast<size_t>(load.prompt_tokens));
    for (auto& id : ids) id = static_cast<model::TokenId>(random.between(0, vocab_size - 1));
    out.push_back({static_cast<uint64_t>(p), std::move(ids), static_cast<int>(load.group), {}});
  }
  return out;
}

OpenEngine::OpenEngine(const rl::RunConfig& config)
    : transformer(model::load_transformer(model::open_model(config.model.path), rl::transformer_options(config))),
      pool(base::default_num_threads()),
      engine(transformer, nullptr, config.engine, pool) {}

double decode_roofline(
    const Load& load, const model::ModelConfig& config, at::ScalarType dtype, double weight_bytes, const MachinePeak& peak) {
  const auto cost = model::token_cost(config);
  const double rate = dtype == at::kFloat ? peak.f32_flops : peak.bf16_flops;
  const double weights = std::min(cost.weights_total, cost.weights_met * load.sequences());
  const auto row_bytes = static_cast<double>(model::kv_bytes_per_token(config, dtype));
  double seconds = 0;
  for (int64_t t = 1; t < load.new_tokens; ++t) {
    const auto keys = static_cast<double>(load.prompt_tokens + t);
    // Products run at the peak of their dtype, attention computes in f32.
    const double compute = load.sequences() * (cost.matrix_flops / rate + cost.attention_flops_per_key * keys / peak.f32_flops);
    const double cached = row_bytes * static_cast<double>(load.prompts * load.prompt_tokens + load.prompts * load.group * t);
    seconds += std::max(compute, (weights * weight_bytes + cached) / peak.read_bytes);
  }
  return seconds;
}

MachinePeak best_of(const MachinePeak& a, const MachinePeak& b) {
  return {std::max(a.f32_flops, b.f32_flops), std::max(a.bf16_flops, b.bf16_flops), std::max(a.read_bytes, b.read_bytes)};
}

MachinePeak peak_of_two(base::ThreadPool& pool) {
  const auto first = kernels::cpu::measure_peak(pool);
  return best_of(first, kernels::cpu::measure_peak(pool));
}

}  // namespace lockstep::cli
