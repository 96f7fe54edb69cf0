// SPDX-License-Identifier: Apache-2.0
// A node of the autograd graph that holds a function instead of its intermediate values.
#include "model/recompute.h"

#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/utils.h>
#include <torch/csrc/autograd/saved_variable.h>

namespace lockstep::model {
namespace {

using torch::autograd::variable_list;

struct RecomputeNode : torch::autograd::Node {
  Body body;
  std::vector<torch::autograd::SavedVariable> inputs;

  variable_list apply(variable_list&& grads) override {
    variable_list leaves;
    for (const auto& saved : inputs) {
      const auto value = saved.unpack();
      leaves.push_back(value.defined() ? value.detach().requires_grad_(value.requires_grad()) : Tensor());
    }
    const at::AutoGradMode with_gradients(true);
    const auto outputs = body(leaves, /*is_again=*/true);
    variable_list reached, reached_grads;
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (!grads[i].defined()) continue;
      reached.push_back(outputs[i]);
      reached_grads.push_back(grads[i]);
    }
    if (!reached.empty()) torch::autograd::backward(reached, reached_grads);
    variable_list out;
    for (const auto& leaf : leaves) out.push_back(leaf.defined() ? leaf.grad() : Tensor());
    return out;
  }

  void release_variables() override {
    for (auto& saved : inputs) saved.reset_data();
    body = nullptr;
  }
};

}  // namespace

std::vector<Tensor> recomputed(const Body& body, const std::vector<Tensor>& inputs) {
  if (!at::GradMode::is_enabled() || !torch::autograd::any_variable_requires_grad(inputs)) return body(inputs, /*is_again=*/false);
  const auto node = std::shared_ptr<RecomputeNode>(new RecomputeNode, torch::autograd::deleteNode);
  node->body = body;
  for (const auto& input : inputs) node->inputs.emplace_back(input, /*is_output=*/false);
  node->set_next_edges(torch::autograd::collect_next_edges(inputs));
  std::vector<Tensor> outputs;
  {
    const at::NoGradGuard without_gradients;
    outputs = body(inputs, /*is_again=*/false);
  }
  for (auto& output : outputs) torch::autograd::set_history(output, node);
  return outputs;
}

}  // namespace lockstep::model
