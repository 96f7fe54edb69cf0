// SPDX-License-Identifier: Apache-2.0
// `lockstep bench rollout`: tokens per second of the engine, held against the roofline of this machine in the same process.
#include <ATen/Parallel.h>

#include <algorithm>
#include <iostream>
#include <limits>

#include "base/peak_rss.h"
#include "base/text.h"
#include "cli/bench_load.h"
#include "cli/bench_seconds.h"

namespace lockstep::cli {
namespace {

// A Q8_0 block of 32 weights has two bytes for its scale.
double bytes_per_weight(const rl::RunConfig& config) {
  if (config.engine.quantization == "q8_0") return 34.0 / 32.0;
  return config.model.dtype == "float32" ? 4 : 2;
}

double generate_seconds(rollout::Engine& engine, const std::vector<rollout::Request>& requests, int64_t new_tokens, uint64_t seed) {
  rollout::SamplingConfig sampling;
  sampling.max_completion_length = new_tokens;
  engine.generate(requests, sampling, seed);
  return engine.stats().seconds;
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
  const int64_t peak_rss = base::peak_rss_bytes();  // before the machine's peak is measured beside the engine's memory
  const auto peak = best_of(peak_before, peak_of_two(open.pool));
  const double roofline = decode_roofline(load, m.config(), m.options().dtype, bytes_per_weight(config), peak);
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
          {"read_gb_per_s", peak.read_bytes * 1e-9}, {"peak_rss_bytes", peak_rss}};
}

ExitCode run_bench_rollout(const Arguments& arguments) {
  at::set_num_threads(1);  // lanes are the parallelism
  const auto config = load_config(arguments);
  const Load load = load_of(arguments);
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
  auto options = load_options();
  options.push_back({.name = "repeats", .value = "N", .meaning = "runs, of which the fastest counts (default 3)"});
  return {.name = "bench rollout",
          .summary = "measure decode and prefill of the rollout engine against this machine's roofline",
          .usage = {.options = options,
                    .notes = "The time of a call includes rearranging the weights, once per call.\n"},
          .run = run_bench_rollout};
}

}  // namespace lockstep::cli
