// SPDX-License-Identifier: Apache-2.0
// What the benchmarks of rollouts and of training steps share: random prompts of one length, an engine without a tokenizer,
// and the limits of the machine.
#pragma once

#include <string>
#include <vector>

#include "cli/open_policy.h"
#include "kernels/cpu/peak.h"

namespace lockstep::cli {

// P prompts of a tokens, G samples each of b new ones.
struct Load {
  int64_t prompts, group, prompt_tokens, new_tokens;
  double sequences() const { return static_cast<double>(prompts * group); }
};

// --prompts, --group, --prompt-tokens, --new-tokens, --lanes, --draft, --quantization, --seed, --json.
std::vector<Option> load_options();
Load load_of(const Arguments& arguments);
// The model's options as a run's config, with the engine as the load's options say.
rl::RunConfig load_config(const Arguments& arguments);

// Prompts of random ids, keyed by `seed`.
std::vector<rollout::Request> random_requests(const Load& load, int64_t vocab_size, uint64_t seed);

// A model without its tokenizer: prompts are random ids.
struct OpenEngine {
  model::Transformer transformer;
  base::ThreadPool pool;
  rollout::LocalEngine engine;
  explicit OpenEngine(const rl::RunConfig& config);
};

// Least seconds to draw the samples of `load`, once their prompts are computed: per token of each sequence the products, or
// the weights and the cache read once, whichever takes longer. `weight_bytes`: read per weight.
double decode_roofline(const Load& load,
                       const model::ModelConfig& config,
                       at::ScalarType dtype,
                       double weight_bytes,
                       const kernels::cpu::MachinePeak& peak);

// The best of several measurements: a slow moment of the machine while its peak is measured would flatter a share.
kernels::cpu::MachinePeak best_of(const kernels::cpu::MachinePeak& a, const kernels::cpu::MachinePeak& b);
kernels::cpu::MachinePeak peak_of_two(base::ThreadPool& pool);


}  // namespace lockstep::cli
