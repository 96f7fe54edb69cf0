// SPDX-License-Identifier: Apache-2.0
// Token log-probabilities through our CPU kernels: the vocabulary in blocks, each a matrix product and a step of log-softmax.
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "kernels/cpu/log_softmax.h"
#include "kernels/native.h"
#include "kernels/native_views.h"
#include "kernels/packed_weight.h"

namespace lockstep::kernels::native {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr int64_t kLogitsAtOnce = int64_t{1} << 20;   // 4 MiB of f32
constexpr int64_t kSampledAtOnce = int64_t{1} << 16;  // 256 KiB: they stay in the second-level cache

// d hidden is summed over the vocabulary in chains of this many columns, which are then added in order: one chain over a
// large vocabulary would lose two digits. The length is part of the numeric contract.
constexpr int64_t kGradientChain = 2048;
static_assert(kGradientChain % cpu::kSoftmaxBlock == 0);

// Columns of a step: as many as kLogitsAtOnce allows, in whole chains.
int64_t columns_at_once(int64_t rows, int64_t vocab) {
  const int64_t chains = std::max<int64_t>(1, kLogitsAtOnce / std::max<int64_t>(1, rows) / kGradientChain);
  return std::min(vocab, chains * kGradientChain);
}

struct Operands {
  Tensor hidden, head, targets;  // [N, D], [V, D], [N] i64
  float temperature;
  int64_t rows() const { return hidden.size(0); }
  int64_t vocab() const { return head.size(0); }

  // Calls work(first column, logits [N, columns]) for every step in order.
  template <class Work>
  void for_columns(Work&& work) const {
    const int64_t step = columns_at_once(rows(), vocab());
    auto buffer = at::empty({rows() * step}, hidden.options().dtype(at::kFloat));
    for (int64_t begin = 0; begin < vocab(); begin += step) {
      const int64_t count = std::min(step, vocab() - begin);
      const auto logits = buffer.narrow(0, 0, rows() * count).view({rows(), count});
      multiply(hidden, head.narrow(0, begin, count).t(), logits);
      work(begin, logits);
    }
  }
};

void check_targets(const Operands& in) {
  const auto* target = in.targets.const_data_ptr<int64_t>();
  for (int64_t n = 0; n < in.rows(); ++n)
    LOCKSTEP_CHECK(target[n] >= 0 && target[n] < in.vocab(), cat("target ", target[n], " of row ", n, ", vocabulary ", in.vocab()));
}

cpu::LogitRows rows_of(const Tensor& logits, float temperature, int64_t begin, int64_t end) {
  return {.rows = end - begin, .columns = logits.size(1), .logits = static_cast<const float*>(row_of(logits, begin)),
          .stride = logits.stride(0), .temperature = temperature};
}

struct Result {
  Tensor logprobs, entropy, sums;  // [N] f32, [N] f32 or undefined, [N] cpu::SoftmaxSums as bytes
};

Result forward(const Operands& in, bool with_entropy) {
  check_targets(in);
  const auto options = in.hidden.options().dtype(at::kFloat);
  Result out{at::empty({in.rows()}, options), with_entropy ? at::empty({in.rows()}, options) : Tensor(), 
             at::empty({in.rows() * static_cast<int64_t>(sizeof(cpu::SoftmaxSums))}, options.dtype(at::kByte))};
  auto* sums = static_cast<cpu::SoftmaxSums*>(out.sums.mutable_data_ptr());
  std::fill_n(sums, in.rows(), cpu::SoftmaxSums{});
  auto chosen = at::empty({in.rows()}, options);
  const auto* target = in.targets.const_data_ptr<int64_t>();
  in.for_columns([&](int64_t first, const Tensor& logits) {
    for_row_parts(in.rows(), logits.size(1), [&](int64_t begin, int64_t end) {
      cpu::add_softmax_sums(rows_of(logits, in.temperature, begin, end), sums + begin);
    });
    for (int64_t n = 0; n < in.rows(); ++n)
      if (target[n] >= first && target[n] < first + logits.size(1))
        chosen.mutable_data_ptr<float>()[n] = logits.const_data_ptr<float>()[n * logits.size(1) + target[n] - first];
  });
  cpu::token_logprobs({.rows = in.rows(), .logits = chosen.const_data_ptr<float>(), .temperature = in.temperature, .sums = sums,
                       .logprobs = out.logprobs.mutable_data_ptr<float>(),
                       .entropy = with_entropy ? out.entropy.mutable_data_ptr<float>() : nullptr});
  return out;
}

struct Gradients {
  Tensor hidden, head;
};

// d_hidden += d_logits head, chain by chain.
void add_hidden_gradient(const Tensor& d_logits, const Tensor& head, const Tensor& d_hidden) {
  const auto chain = at::empty(d_hidden.sizes(), d_hidden.options());
  for (int64_t begin = 0; begin < head.size(0); begin += kGradientChain) {
    const int64_t count = std::min(kGradientChain, head.size(0) - begin);
    multiply(d_logits.narrow(1, begin, count), head.narrow(0, begin, count), chain);
    d_hidden.add_(chain);
  }
}

// d head is one chain over the rows. `grad_entropy` may be undefined; without `needs_head` d head is.
Gradients backward(const Operands& in, const Tensor& sums, const Tensor& grad, const Tensor& grad_entropy, bool needs_head) {
  const auto f32 = in.hidden.options().dtype(at::kFloat);
  auto d_hidden = at::zeros(in.hidden.sizes(), f32);
  const auto d_head = needs_head ? at::empty(in.head.sizes(), in.head.options()) : Tensor();
  in.for_columns([&](int64_t first, const Tensor& logits) {
    const bool is_f32 = in.hidden.scalar_type() == at::kFloat;
    const auto d_logits = is_f32 ? logits : at::empty(logits.sizes(), in.hidden.options());
    for_row_parts(in.rows(), logits.size(1), [&](int64_t begin, int64_t end) {
      cpu::log_softmax_grad({.in = rows_of(logits, in.temperature, begin, end), .first_column = first,
                             .sums = static_cast<const cpu::SoftmaxSums*>(sums.const_data_ptr()) + begin,
                             .targets = in.targets.const_data_ptr<int64_t>() + begin, .g = grad.const_data_ptr<float>() + begin,
                             .dtype = dtype_of(in.hidden), .d_logits = mutable_row_of(d_logits, begin), .d_logits_stride = d_logits.size(1),
                             .g_entropy = grad_entropy.defined() ? grad_entropy.const_data_ptr<float>() + begin : nullptr});
    });
    add_hidden_gradient(d_logits, in.head.narrow(0, first, logits.size(1)), d_hidden);
    if (needs_head) multiply(d_logits.t(), in.hidden, d_head.narrow(0, first, logits.size(1)));
  });
  return {d_hidden.to(in.hidden.scalar_type()), d_head};
}

struct LogprobsFunction : torch::autograd::Function<LogprobsFunction> {
  static variable_list forward(AutogradContext* context, const Tensor& hidden, const Tensor& head, const Tensor& targets,
                               double temperature, bool with_entropy) {
    const auto out = native::forward({hidden, head, targets, static_cast<float>(temperature)}, with_entropy);
    context->save_for_backward({hidden, head, targets, out.sums});
    context->saved_data["temperature"] = temperature;
    context->set_materialize_grads(false);
    const auto entropy = with_entropy ? out.entropy : at::empty({0}, out.logprobs.options());
    if (!with_entropy) context->mark_non_differentiable({entropy});
    return {out.logprobs, entropy};
  }
  static variable_list backward(AutogradContext* context, variable_list grads) {
    const auto saved = context->get_saved_variables();
    const auto temperature = static_cast<float>(context->saved_data["temperature"].toDouble());
    const auto g = grads[0].defined() ? grads[0].contiguous() : at::zeros({saved[0].size(0)}, saved[0].options().dtype(at::kFloat));
    const auto g_entropy = grads[1].defined() && grads[1].numel() > 0 ? grads[1].contiguous() : Tensor();
    const auto d = native::backward({saved[0], saved[1], saved[2], temperature}, saved[3], g, g_entropy,
                                    context->needs_input_grad(1));
    return {d.hidden, d.head, Tensor(), Tensor(), Tensor()};
  }
};

}  // namespace

Tensor linear_logits(const Tensor& hidden, const Weight& head, double temperature) {
  auto logits = at::empty({hidden.size(0), head.value.size(0)}, hidden.options().dtype(at::kFloat));
  if (head.packed)
    by_dtype(hidden, [&]<class T>() {
      head.packed->visit<T>([&](const auto& matrices) { multiply_packed(view<T>(hidden), matrices, logits); });
    });
  else
    multiply(hidden, head.value.t(), logits);
  return temperature == 1.0 ? logits : logits.div_(static_cast<float>(temperature));
}

void for_logit_blocks(const Tensor& hidden, const Weight& head, const std::function<void(int64_t first, const Tensor& logits)>& work) {
  const int64_t rows = hidden.size(0), vocab = head.value.size(0);
  const int64_t blocks = std::max<int64_t>(1, kSampledAtOnce / std::max<int64_t>(1, rows) / cpu::kSoftmaxBlock);
  const int64_t step = std::min(vocab, blocks * cpu::kSoftmaxBlock);
  auto buffer = at::empty({rows * step}, hidden.options().dtype(at::kFloat));
  for (int64_t begin = 0; begin < vocab; begin += step) {
    const int64_t count = std::min(step, vocab - begin);
    const auto logits = buffer.narrow(0, 0, rows * count).view({rows, count});
    if (head.packed)
      by_dtype(hidden, [&]<class T>() {
        head.packed->visit<T>([&](const auto& matrices) { multiply_packed(view<T>(hidden), matrices, logits, begin); });
      });
    else
      multiply(hidden, head.value.narrow(0, begin, count).t(), logits);
    work(begin, logits);
  }
}

TokenLogprobs token_logprobs(const Tensor& hidden, const Tensor& head, const Tensor& targets, double temperature, bool with_entropy) {
  const auto t = targets.contiguous();
  if (!at::GradMode::is_enabled() || !(hidden.requires_grad() || head.requires_grad())) {
    const auto out = forward({hidden, head, t, static_cast<float>(temperature)}, with_entropy);
    return {out.logprobs, out.entropy};
  }
  const auto out = LogprobsFunction::apply(hidden, head, t, temperature, with_entropy);
  return {out[0], with_entropy ? out[1] : Tensor()};
}

}  // namespace lockstep::kernels::native
