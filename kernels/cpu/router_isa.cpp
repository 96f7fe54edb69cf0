// SPDX-License-Identifier: Apache-2.0
// The scores of the experts over lanes; the choice (kernels/cpu/router.cpp) compares and needs no lanes.
#include "kernels/cpu/lane_loop.h"
#include "kernels/cpu/lane_math.h"
#include "kernels/cpu/router.h"

namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE {
namespace {

void softmax_row(const float* logits, float* scores, int64_t num_experts) {
  Lanes largest = Lanes::broadcast(-std::numeric_limits<float>::infinity()), total = Lanes::zero();
  for_lanes(num_experts, [&](auto lanes) { largest = lanes.inside(max(largest, lanes.load(logits)), largest); });
  const Lanes origin = Lanes::broadcast(max_of(largest));
  for_lanes(num_experts, [&](auto lanes) {
    const Lanes e = exp(lanes.load(logits) - origin);
    lanes.store(scores, e);
    total = lanes.inside(total + e, total);
  });
  const Lanes divisor = Lanes::broadcast(sum(total));
  for_lanes(num_experts, [&](auto lanes) { lanes.store(scores, lanes.load(scores) / divisor); });
}

void sigmoid_row(const float* logits, float* scores, int64_t num_experts) {
  for_lanes(num_experts, [&](auto lanes) { lanes.store(scores, sigmoid(lanes.load(logits))); });
}

void scores(const RouterRules& rules, const RouterRows& a) {
  const bool is_sigmoid = rules.scoring == RouterRules::Scoring::sigmoid;
  for (int64_t n = 0; n < a.rows; ++n) {
    const float* logits = a.logits + n * a.stride;
    float* row = a.scores + n * rules.num_experts;
    if (is_sigmoid)
      sigmoid_row(logits, row, rules.num_experts);
    else
      softmax_row(logits, row, rules.num_experts);
  }
}

}  // namespace

extern const RouterKernels router_kernels;
const RouterKernels router_kernels = {scores};

}  // namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE
