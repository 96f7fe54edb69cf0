// SPDX-License-Identifier: Apache-2.0
// Sampler against learner, bit by bit.
#include "rl/parity.h"

#include <ATen/ops/index_select.h>

#include <bit>
#include <cmath>
#include <limits>

#include "base/text.h"
#include "kernels/token_logprobs.h"
#include "rl/packing.h"

namespace lockstep::rl {
namespace {

struct Place {
  size_t request, sample;
};

void compare(const std::vector<float>& drawn, const float* computed, const Place& place, ParityReport& report) {
  for (size_t t = 0; t < drawn.size(); ++t) {
    ++report.num_tokens;
    if (std::bit_cast<uint32_t>(drawn[t]) == std::bit_cast<uint32_t>(computed[t])) continue;
    if (++report.num_different == 1)
      report.first_difference = cat("request ", place.request, ", sample ", place.sample, ", token ", t, ": ", drawn[t],
                                    " drawn, ", computed[t], " computed");
    const double difference = std::abs(static_cast<double>(drawn[t]) - static_cast<double>(computed[t]));
    if (!(difference <= report.max_difference))
      report.max_difference = std::isnan(difference) ? std::numeric_limits<double>::infinity() : difference;
  }
}

// The experts that the engine recorded for a completion against the learner's of the same positions: rows[0], rows[1], ...
// of each layer [N, K].
void compare_experts(const std::vector<uint16_t>& drawn,
                     const std::vector<Tensor>& layers,
                     const int64_t* rows,
                     const Place& place,
                     ParityReport& report) {
  size_t i = 0;
  for (int64_t t = 0; i < drawn.size(); ++t)
    for (size_t layer = 0; layer < layers.size(); ++layer) {
      if (!layers[layer].defined()) continue;
      const int64_t k = layers[layer].size(1);
      const auto* experts = layers[layer].const_data_ptr<int64_t>() + rows[t] * k;
      for (int64_t slot = 0; slot < k; ++slot, ++i, ++report.num_experts) {
        if (static_cast<int64_t>(drawn[i]) == experts[slot]) continue;
        if (++report.num_different_experts == 1 && report.num_different == 0)
          report.first_difference = cat("request ", place.request, ", sample ", place.sample, ", token ", t, ", mixture layer ", layer,
                                        ": expert ", drawn[i], " drawn, ", experts[slot], " computed");
      }
    }
}

}  // namespace

ParityReport check_parity(const model::Transformer& model,
                          rollout::Engine& engine,
                          const std::vector<rollout::Request>& requests,
                          const rollout::SamplingConfig& sampling,
                          uint64_t seed,
                          int64_t max_tokens) {
  const auto groups = engine.generate(requests, sampling, seed);
  std::vector<PackRow> rows;
  std::vector<Place> places;
  for (size_t r = 0; r < groups.size(); ++r)
    for (size_t s = 0; s < groups[r].completions.size(); ++s) {
      rows.push_back({&requests[r].prompt, &groups[r].completions[s].ids, static_cast<int64_t>(r), static_cast<int64_t>(rows.size())});
      places.push_back({r, s});
    }
  auto learner = model::Transformer::replica(model);
  learner.set_requires_grad(true);
  const double temperature = sampling.temperature > 0 ? sampling.temperature : 1.0;
  ParityReport report;
  for (const auto& micro : pack(rows, {max_tokens, 1, model.options().device})) {
    model::RoutingStats routing;
    routing.keeps_experts = true;
    const auto hidden = learner.forward(micro.batch, nullptr, &routing).index_select(0, micro.rows);
    for (Tensor& layer : routing.experts)
      if (layer.defined()) layer = layer.to(at::kCPU).contiguous();
    const auto rows_of_targets = micro.rows.to(at::kCPU).contiguous();
    const auto logprobs =
        kernels::token_logprobs(hidden, learner.head(), micro.targets, temperature, false).logprobs.detach().to(at::kCPU).contiguous();
    for (size_t i = 0; i < micro.samples.size(); ++i) {
      const Place& place = places[static_cast<size_t>(micro.samples[i])];
      const auto& drawn = groups[place.request].completions[place.sample];
      compare(drawn.logprobs, logprobs.const_data_ptr<float>() + micro.sample_offsets[i], place, report);
      compare_experts(drawn.experts, routing.experts, rows_of_targets.const_data_ptr<int64_t>() + micro.sample_offsets[i], place, report);
    }
  }
  return report;
}

}  // namespace lockstep::rl
