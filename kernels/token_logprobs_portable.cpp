// SPDX-License-Identifier: Apache-2.0
// Chunked linear + log-softmax + entropy in torch operations.
#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

#include "base/error.h"
#include "kernels/portable.h"

namespace lockstep::kernels::portable {
namespace {

constexpr int64_t kChunkLogits = int64_t{1} << 23;  // 32 MiB of f32 logits at a time
constexpr int64_t kKeepLogits = int64_t{1} << 22;   // up to this many are kept for the backward pass

int64_t chunk_rows(int64_t vocab) { return std::max<int64_t>(1, kChunkLogits / vocab); }

Tensor log_probs(const Tensor& hidden, const Tensor& head, double temperature) {
  return at::log_softmax(linear_logits(hidden, head, temperature), -1);
}

struct RowGrads {
  Tensor logprob, entropy;  // [N], either may be undefined
  RowGrads narrow(int64_t begin, int64_t n) const {
    return {logprob.defined() ? logprob.narrow(0, begin, n) : logprob, entropy.defined() ? entropy.narrow(0, begin, n) : entropy};
  }
};

// d logits = (onehot(target) - p) * g / temperature - p (log p + entropy) * g_entropy / temperature, in the hidden dtype.
Tensor logits_grad(const Tensor& logp, const Tensor& targets, const RowGrads& grad, double temperature, at::ScalarType type) {
  const auto over_temperature = [&](const Tensor& g) { return temperature == 1.0 ? g.unsqueeze(1) : (g / temperature).unsqueeze(1); };
  auto d = logp.exp().neg_();
  Tensor of_entropy;
  if (grad.entropy.defined()) {
    const auto finite = logp.clamp_min(-200.0);  // keeps 0 * -inf out
    of_entropy = d.mul(finite.add(d.mul(finite).sum(-1, /*keepdim=*/true))).mul_(over_temperature(grad.entropy));
  }
  if (grad.logprob.defined()) {
    d.scatter_add_(1, targets.unsqueeze(1), at::ones({targets.size(0), 1}, d.options()));
    d.mul_(over_temperature(grad.logprob));
    if (of_entropy.defined()) d.add_(of_entropy);
  } else {
    d = of_entropy.defined() ? of_entropy : d.zero_();
  }
  return d.to(type);
}

struct LogprobsFunction : torch::autograd::Function<LogprobsFunction> {
  static torch::autograd::variable_list forward(torch::autograd::AutogradContext* context,
                                                const Tensor& hidden,
                                                const Tensor& head,
                                                const Tensor& targets,
                                                double temperature,
                                                bool with_entropy) {
    const int64_t rows = hidden.size(0), step = chunk_rows(head.size(0));
    const bool keep = rows * head.size(0) <= kKeepLogits;
    auto chosen = at::empty({rows}, hidden.options().dtype(at::kFloat));
    auto entropy = with_entropy ? at::empty_like(chosen) : at::empty({0}, chosen.options());
    Tensor kept;
    for (int64_t begin = 0; begin < rows; begin += step) {
      const int64_t n = std::min(step, rows - begin);
      const auto logp = log_probs(hidden.narrow(0, begin, n), head, temperature);
      chosen.narrow(0, begin, n).copy_(logp.gather(1, targets.narrow(0, begin, n).unsqueeze(1)).squeeze(1));
      if (with_entropy) entropy.narrow(0, begin, n).copy_((logp.exp() * logp).sum(-1).neg_());
      if (keep) kept = logp;
    }
    context->save_for_backward(keep ? torch::autograd::variable_list{hidden, head, targets, kept}
                                    : torch::autograd::variable_list{hidden, head, targets});
    context->saved_data["temperature"] = temperature;
    context->set_materialize_grads(false);
    if (!with_entropy) context->mark_non_differentiable({entropy});
    return {chosen, entropy};
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list grads) {
    const auto saved = context->get_saved_variables();
    const auto &hidden = saved[0], &head = saved[1], &targets = saved[2];
    const double temperature = context->saved_data["temperature"].toDouble();
    const int64_t rows = hidden.size(0), step = chunk_rows(head.size(0));
    const RowGrads row_grads{grads[0], grads[1].defined() && grads[1].numel() > 0 ? grads[1] : Tensor()};
    auto d_hidden = at::empty_like(hidden);
    Tensor d_head;
    for (int64_t begin = 0; begin < rows; begin += step) {
      const int64_t n = std::min(step, rows - begin);
      const auto part = hidden.narrow(0, begin, n);
      const auto logp = saved.size() > 3 ? saved[3] : log_probs(part, head, temperature);
      const auto g = logits_grad(logp, targets.narrow(0, begin, n), row_grads.narrow(begin, n), temperature, hidden.scalar_type());
      auto out = d_hidden.narrow(0, begin, n);
      at::mm_out(out, g, head);
      if (!d_head.defined())
        d_head = at::mm(g.t(), part);
      else
        d_head.addmm_(g.t(), part);
    }
    return {d_hidden, d_head, Tensor(), Tensor(), Tensor()};
  }
};

}  // namespace

Tensor linear_logits(const Tensor& hidden, const Tensor& head, double temperature) {
  auto logits = at::mm(hidden, head.t()).to(at::kFloat);
  return temperature == 1.0 ? logits : logits.div_(temperature);
}

TokenLogprobs token_logprobs(const Tensor& hidden,
                             const Tensor& head,
                             const Tensor& targets,
                             double temperature,
                             bool with_entropy) {
  LOCKSTEP_CHECK(hidden.dim() == 2 && head.dim() == 2 && hidden.size(1) == head.size(1), "hidden [N, D], head [V, D]");
  LOCKSTEP_CHECK(targets.dim() == 1 && targets.size(0) == hidden.size(0), "one target per hidden row");
  auto out = LogprobsFunction::apply(hidden, head, targets, temperature, with_entropy);
  return {out[0], with_entropy ? out[1] : Tensor()};
}

void for_logit_blocks(const Tensor& hidden, const Tensor& head, const std::function<void(int64_t first, const Tensor& logits)>& work) {
  constexpr int64_t kBlock = 512;
  const int64_t vocab = head.size(0);
  const int64_t step = std::max<int64_t>(1, kChunkLogits / std::max<int64_t>(1, hidden.size(0)) / kBlock) * kBlock;
  for (int64_t begin = 0; begin < vocab; begin += step)
    work(begin, linear_logits(hidden, head.narrow(0, begin, std::min(step, vocab - begin)), 1.0).cpu().contiguous());
}

}  // namespace lockstep::kernels::portable
