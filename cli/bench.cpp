// SPDX-License-Identifier: Apache-2.0
// `lockstep bench rollout`: tokens per second of the engine, held against the roofline of this machine in the same process.
#include <ATen/Parallel.h>
#include <sys/resource.h>

#include <algorithm>
#include <iostream>
#include <limits>

#include "base/rng.h"
#include "base/text.h"
#include "cli/bench_seconds.h"
#include "cli/open_policy.h"
#include "kernels/cpu/peak.h"
#include "model/costs.h"

namespace lockstep::cli {
namespace {

// P prompts of a tokens, G samples each of b new ones.
struct Load {
  int64_t prompts, group, prompt_tokens, new_tokens;
  double sequences() const { return static_cast<double>(prompts * group); }
};

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

double generate_seconds(rollout::Engine& engine, const std::vector<rollout::Request>& requests, int64_t new_tokens, uint64_t seed) {
  rollout::SamplingConfig sampling;
  sampling.max_completion_length = new_tokens;
  engine.generate(requests, sampling, seed);
  return engine.stats().seconds;
}

// A model without its tokenizer: prompts are random ids.
struct OpenEngine {
  model::Transformer transformer;
  base::ThreadPool pool;
  rollout::LocalEngine engine;
  explicit OpenEngine(const rl::RunConfig& config)
      : transformer(model::load_transformer(model::open_model(config.model.path), rl::transformer_options(config))),
        pool(base::default_num_threads()), engine(transformer, nullptr, config.engine, pool) {}
};

// dtype of the products; bytes read per weight (a Q8_0 block of 32 has 2 for its scale).
struct Numbers {
  at::ScalarType dtype;
  double weight_bytes;
};

Numbers numbers_of(const OpenEngine& open, const rl::RunConfig& config) {
  const auto dtype = open.transformer.options().dtype;
  if (config.engine.quantization == "q8_0") return {dtype, 34.0 / 32.0};
  return {dtype, static_cast<double>(c10::elementSize(dtype))};
}

// Least seconds of the decode: per step the products of all sequences, or the weights and the cache read once, whichever
// takes longer.
double decode_roofline(const Load& load, const model::ModelConfig& config, const Numbers& numbers, const kernels::cpu::MachinePeak& peak) {
  const auto cost = model::token_cost(config);
  const double rate = numbers.dtype == at::kFloat ? peak.f32_flops : peak.bf16_flops;
  const double weights = std::min(cost.weights_total, cost.weights_met * load.sequences());
  const auto row_bytes = static_cast<double>(model::kv_bytes_per_token(config, numbers.dtype));
  double seconds = 0;
  for (int64_t t = 1; t < load.new_tokens; ++t) {
    const auto keys = static_cast<double>(load.prompt_tokens + t);
    // Products run at the peak of their dtype, attention computes in f32.
    const double compute = load.sequences() * (cost.matrix_flops / rate + cost.attention_flops_per_key * keys / peak.f32_flops);
    const double cached = row_bytes * static_cast<double>(load.prompts * load.prompt_tokens + load.prompts * load.group * t);
    seconds += std::max(compute, (weights * numbers.weight_bytes + cached) / peak.read_bytes);
  }
  return seconds;
}

using kernels::cpu::MachinePeak;

// The best of both: a slow moment of the machine while its peak is measured would flatter the share.
MachinePeak best_of(const MachinePeak& a, const MachinePeak& b) {
  return {std::max(a.f32_flops, b.f32_flops), std::max(a.bf16_flops, b.bf16_flops), std::max(a.read_bytes, b.read_bytes)};
}

MachinePeak peak_of_two(base::ThreadPool& pool) {
  const auto first = kernels::cpu::measure_peak(pool);
  return best_of(first, kernels::cpu::measure_peak(pool));
}

// The fastest calls of `repeats`.
BenchSeconds fastest_seconds(rollout::Engine& engine, const std::vector<rollout::Request>& requests, int64_t new_tokens, uint64_t seed,
                             int64_t repeats) {
  generate_seconds(engine, requests, 2, seed);  // touches every page once
  double first = std::numeric_limits<double>::infinity(), whole = first;
  for (int64_t i = 0; i < repeats; ++i) {
    first = std::min(first, generate_seconds(engine, requests, 1, seed));
    whole = std::min(whole, generate_seconds(engine, requests, new_tokens, seed));
  }
  return split_seconds(first, whole, new_tokens);
}

base::Json measure(const Load& load, OpenEngine& open, const rl::RunConfig& config, uint64_t seed, int64_t repeats) {
  const auto& m = open.transformer;
  const auto requests = random_requests(load, m.config().vocab_size, seed);
  const auto peak_before = peak_of_two(open.pool);
  const auto [prefill, decode] = fastest_seconds(open.engine, requests, load.new_tokens, seed, repeats);
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);  // before the peak is measured beside the engine's memory
  const auto peak = best_of(peak_before, peak_of_two(open.pool));
  const double roofline = decode_roofline(load, m.config(), numbers_of(open, config), peak);
  return {{"prompts", load.prompts}, {"group", load.group}, {"prompt_tokens", load.prompt_tokens}, {"new_tokens", load.new_tokens},
          {"dtype", config.model.dtype}, {"kernels", config.kernels}, {"threads", open.pool.num_threads()},
          {"isa", std::string(kernels::cpu::isa_name(kernels::cpu::isa()))},
          {"decode_tokens_per_s", load.sequences() * static_cast<double>(load.new_tokens - 1) / decode},
          {"prefill_tokens_per_s", static_cast<double>(load.prompts * load.prompt_tokens) / prefill},
          {"decode_roofline_share", roofline / decode},
          {"quantization", config.engine.quantization}, {"peak_cache_rows", open.engine.stats().peak_cache_rows},
          {"draft", config.engine.draft}, {"draft_acceptance_rate", open.engine.stats().acceptance_rate()},
          {"tokens_per_step", open.engine.stats().tokens_per_step()},
          {"peak_gflops_f32", peak.f32_flops * 1e-9}, {"peak_gflops_bf16", peak.bf16_flops * 1e-9},
          {"read_gb_per_s", peak.read_bytes * 1e-9}, {"peak_rss_bytes", int64_t{usage.ru_maxrss} * 1024}};
}

ExitCode run_bench_rollout(const Arguments& arguments) {
  at::set_num_threads(1);  // lanes are the parallelism
  auto config = policy_config(arguments);
  config.engine.lanes = static_cast<int>(arguments.integer_or("lanes", config.engine.lanes, 0, 1024));
  config.engine.draft = choice_or(arguments, "draft", "none", {"auto", "mtp", "lookup", "none"});
  config.engine.quantization = choice_or(arguments, "quantization", "none", {"none", "q8_0"});
  const Load load{arguments.integer_or("prompts", 8, 1, 1 << 20), arguments.integer_or("group", 8, 1, 65536),
                  arguments.integer_or("prompt-tokens", 128, 1, 1 << 20), arguments.integer_or("new-tokens", 128, 2, 1 << 20)};
  const int64_t repeats = arguments.integer_or("repeats", 3, 1, 1000);
  OpenEngine open(config);
  const auto result = measure(load, open, config, seed_of(arguments), repeats);
  if (arguments.has("json")) {
    std::cout << result.dump(2) << "\n";
    return ExitCode::done;
  }
  const auto number = [&](const char* key, int digits) { return base::fixed(result.at(key).get<double>(), digits); };
  std::cout << "decode   " << number("decode_tokens_per_s", 1) << " tokens/s, " << number("decode_roofline_share", 2) << " of the roofline\n"
            << "prefill  " << number("prefill_tokens_per_s", 1) << " tokens/s\n"
            << "machine  " << number("peak_gflops_bf16", 0) << " GFLOP/s bf16, " << number("peak_gflops_f32", 0) << " f32, "
            << number("read_gb_per_s", 1) << " GB/s read\n";
  return ExitCode::done;
}

}  // namespace

Verb bench_rollout_verb() {
  auto options = policy_options();
  options.push_back({.name = "prompts", .value = "P", .meaning = "random prompts (default 8)"});
  options.push_back({.name = "group", .value = "G", .meaning = "samples per prompt (default 8)"});
  options.push_back({.name = "prompt-tokens", .value = "N", .meaning = "tokens of a prompt (default 128)"});
  options.push_back({.name = "new-tokens", .value = "N", .meaning = "tokens of a sample (default 128)"});
  options.push_back({.name = "lanes", .value = "N", .meaning = "independent batches, one thread each (default: one per thread)"});
  options.push_back({.name = "draft", .value = "KIND", .meaning = "auto, mtp, lookup or none (default none)"});
  options.push_back({.name = "quantization", .value = "none|q8_0", .meaning = "format of the weights (default none)"});
  options.push_back({.name = "repeats", .value = "N", .meaning = "runs, of which the fastest counts (default 3)"});
  options.push_back({.name = "seed", .value = "N", .meaning = "keys the prompts and the noise (default 0)"});
  options.push_back({.name = "json", .meaning = "print all figures as JSON"});
  return {.name = "bench rollout",
          .summary = "measure decode and prefill of the rollout engine against this machine's roofline",
          .usage = {.options = options,
                    .notes = "The time of a call includes rearranging the weights, once per call.\n"},
          .run = run_bench_rollout};
}

}  // namespace lockstep::cli
