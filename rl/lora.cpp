// SPDX-License-Identifier: Apache-2.0
// Adapters: which modules get them, their products with the weights and with the weights' gradients.
#include "rl/lora.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/rng.h"
#include "base/text.h"
#include "kernels/linear.h"

namespace lockstep::rl {
namespace {

constexpr const char* kAllLinear = "all-linear";
constexpr const char* kPrefix = "base_model.model.";

// "model.layers.0.self_attn.q_proj" of a matrix; empty for what is none.
std::string module_of(const model::Parameter& p, const model::Piece& piece) {
  constexpr std::string_view kEnd = ".weight";
  const bool is_matrix = p.is_trainable && p.init == model::Init::normal && p.shape.size() >= 2;
  if (!is_matrix || !piece.hf_name.ends_with(kEnd)) return "";
  return piece.hf_name.substr(0, piece.hf_name.size() - kEnd.size());
}

bool ends_with_name(const std::string& module, const std::string& target) {
  return module == target || module.ends_with("." + target);
}

bool matches(const std::string& module, const std::string& target) {
  if (target == kAllLinear) return !ends_with_name(module, "gate") && module != "lm_head";
  return ends_with_name(module, target);
}

// a b, each [*, *] f32 with any strides.
Tensor product(const Tensor& a, const Tensor& b) { return kernels::linear(a, {b.t()}); }

Tensor uniform_leaf(int64_t rows, int64_t columns, base::Random random) {
  auto out = at::empty({rows, columns}, at::kFloat);
  const double bound = 1.0 / std::sqrt(static_cast<double>(columns));
  auto* data = out.mutable_data_ptr<float>();
  for (int64_t i = 0; i < out.numel(); ++i) data[i] = static_cast<float>(bound * (2 * random.uniform() - 1));
  return out;
}

}  // namespace

std::string LoraTarget::module() const { return piece.hf_name.substr(0, piece.hf_name.rfind('.')); }

std::vector<LoraTarget> lora_targets(const std::vector<model::Parameter>& layout, const LoraConfig& config) {
  std::vector<LoraTarget> out;
  std::set<std::string> unused(config.target_modules.begin(), config.target_modules.end());
  std::set<std::string> last_names;  // what a target may be
  for (size_t i = 0; i < layout.size(); ++i)
    for (const auto& piece : layout[i].pieces) {
      const std::string module = module_of(layout[i], piece);
      if (module.empty()) continue;
      last_names.insert(module.substr(module.rfind('.') + 1));
      bool is_target = false;
      for (const auto& target : config.target_modules)
        if (matches(module, target)) is_target = true, unused.erase(target);
      if (is_target) out.push_back({i, piece, layout[i].shape.back()});
    }
  if (!unused.empty())
    throw Error(cat("no linear module's name ends with \"", base::printable(*unused.begin()), "\""), "learner/lora/target_modules",
                cat("use all-linear, or of this model: ", base::join({last_names.begin(), last_names.end()}, ", ")));
  return out;
}

int64_t count_lora_parameters(const std::vector<model::Parameter>& layout, const LoraConfig& config) {
  int64_t total = 0;
  for (const auto& target : lora_targets(layout, config)) total += config.r * (target.piece.rows + target.columns);
  return total;
}

Lora::Lora(model::Transformer& policy, const LoraConfig& config, uint64_t seed) : policy_(policy), config_(config) {
  const auto r = static_cast<double>(config.r);
  scale_ = config.lora_alpha / (config.use_rslora ? std::sqrt(r) : r);
  for (const auto& target : lora_targets(policy.parameters(), config)) add_site(target, seed);
}

void Lora::add_site(const LoraTarget& target, uint64_t seed) {
  const c10::NoGradGuard no_grad;
  const Tensor weight = target.piece.view(policy_.parameters()[target.parameter].value.detach());
  const std::string module = target.module();
  const auto add = [&](const char* end, const Tensor& value) {
    parameters_.push_back({cat(kPrefix, module, end), value.to(weight.device())});
    return parameters_.size() - 1;
  };
  const size_t a = add(".lora_A.weight", uniform_leaf(config_.r, target.columns, base::Random(seed, cat("lora/", module))));
  const size_t b = add(".lora_B.weight", at::zeros({target.piece.rows, config_.r}, at::kFloat));
  sites_.push_back({target, weight.clone(), a, b});
}

Tensor Lora::weight_of(const Site& site) const {
  return site.target.piece.view(policy_.parameters()[site.target.parameter].value.detach());
}

std::vector<size_t> Lora::adapted() const {
  std::vector<size_t> out(parameters_.size());
  for (const auto& site : sites_) out[site.a] = out[site.b] = site.target.parameter;
  return out;
}

bool Lora::trains(size_t parameter) const {
  return std::any_of(sites_.begin(), sites_.end(), [&](const Site& site) { return site.target.parameter == parameter; });
}

void Lora::project_gradients() {
  const c10::NoGradGuard no_grad;
  for (const auto& site : sites_) {
    const Tensor& whole = policy_.parameters()[site.target.parameter].value.grad();
    Tensor &a = parameters_[site.a].tensor, &b = parameters_[site.b].tensor;
    a.mutable_grad() = b.mutable_grad() = Tensor();
    if (!whole.defined()) continue;
    const Tensor dw = site.target.piece.view(whole).to(at::kFloat);
    a.mutable_grad() = product(b.t(), dw).mul_(scale_);
    b.mutable_grad() = product(dw, a.t()).mul_(scale_);
  }
  for (auto& p : policy_.parameters()) p.value.mutable_grad() = Tensor();
}

void Lora::merge() {
  const c10::NoGradGuard no_grad;
  for (const auto& site : sites_) {
    auto merged = product(parameters_[site.b].tensor, parameters_[site.a].tensor).mul_(scale_);
    weight_of(site).copy_(merged.add_(site.base));
  }
}

void Lora::save_adapter(const std::string& folder, const std::string& base_model) const {
  base::make_folders(folder);
  base::remove_unfinished(folder);  // of a save that was killed
  std::set<std::string> modules;  // whole names: the ends alone could mean others too
  for (const auto& site : sites_) modules.insert(site.target.module());
  std::vector<model::NamedTensor> tensors;
  for (const auto& p : parameters_) tensors.push_back({p.name, p.tensor.detach().to(at::kCPU).contiguous()});
  model::write_safetensors(folder + "/adapter_model.safetensors", tensors);
  const base::Json json = {{"peft_type", "LORA"}, {"task_type", "CAUSAL_LM"}, {"base_model_name_or_path", base_model},
                           {"r", config_.r}, {"lora_alpha", config_.lora_alpha}, {"use_rslora", config_.use_rslora},
                           {"target_modules", modules}, {"lora_dropout", 0.0}, {"bias", "none"}, {"fan_in_fan_out", false},
                           {"inference_mode", true}, {"init_lora_weights", true}};
  base::write_file_atomic(folder + "/adapter_config.json", json.dump(2) + "\n");
}

void Lora::load(const model::TensorSource& source) {
  const c10::NoGradGuard no_grad;
  for (auto& p : parameters_) {
    if (!source.has(p.name) || at::IntArrayRef(source.shape(p.name)) != p.tensor.sizes())
      throw Error(cat("the adapter is missing or has another shape than r = ", config_.r, " asks for"), p.name,
                  "resume with the learner.lora options that the run began with");
    p.tensor.copy_(source.tensor(p.name));
  }
  merge();
}

}  // namespace lockstep::rl
