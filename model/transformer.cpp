// SPDX-License-Identifier: Apache-2.0
// The forward pass: pre-norm decoder layers of grouped or latent attention and dense or mixture feed-forward.
#include "model/transformer.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <unordered_map>

#include "base/error.h"
#include "base/text.h"
#include "kernels/linear.h"
#include "kernels/rms_norm.h"
#include "kernels/swiglu.h"
#include "kernels/token_logprobs.h"
#include "model/recompute.h"
#include "model/rope_frequencies.h"

namespace lockstep::model {
namespace {

using kernels::Weight;

struct Mlp {
  Weight gate_up, down;  // [2 I, D], [D, I]
};

struct Mixture {
  Tensor gate, bias;      // [E, D]; [E] f32 or undefined
  Weight gate_up, down;   // [E, 2 I, D], [E, D, I]
  Mlp shared;             // undefined without shared experts
  int64_t stats_index = 0;
};

struct Attention {
  Weight qkv;
  Tensor qkv_bias, q_norm, k_norm;     // grouped
  Tensor q_a_norm;                     // latent (qkv is [q or q_a; kv_a])
  Weight q_b;
  Tensor kv_a_norm, kv_b;
  Weight o;
  Tensor o_bias;
};

struct Layer {
  Tensor input_norm, post_norm;
  Attention attention;
  bool is_moe = false;
  Mlp mlp;
  Mixture moe;
};

kernels::RouterOptions router_options(const ModelConfig& c) {
  using Options = kernels::RouterOptions;
  Options o;
  o.scoring = c.scoring_func == "sigmoid" ? Options::Scoring::sigmoid : Options::Scoring::softmax;
  if (c.topk_method == "noaux_tc") o.group_score = Options::GroupScore::sum_of_top2;
  if (c.topk_method == "group_limited_greedy") o.group_score = Options::GroupScore::max;
  o.num_experts_per_tok = c.num_experts_per_tok;
  o.n_group = c.n_group;
  o.topk_group = c.topk_group;
  o.norm_topk_prob = c.norm_topk_prob;
  o.norm_eps = c.family == Family::deepseek_v3 ? 1e-20 : 0.0;
  o.routed_scaling_factor = c.routed_scaling_factor;
  return o;
}

}  // namespace

struct Transformer::Impl {
  ModelConfig config;
  TransformerOptions options;
  std::vector<Parameter> parameters;
  RopeFrequencies frequencies;
  kernels::RouterOptions router;
  double scale = 1.0;
  bool checkpoints_gradients = false;

  Tensor embedding, norm;
  Weight head;
  std::vector<Layer> layers;
  Tensor enorm, hnorm, mtp_norm;  // MTP
  Weight eh_proj;
  Layer mtp_layer;
  int64_t num_moe_layers = 0;

  Impl(ModelConfig c, const TransformerOptions& o, std::vector<Parameter> p)
      : config(std::move(c)), options(o), parameters(std::move(p)), frequencies(rope_frequencies(config)),
        router(router_options(config)), scale(attention_scale(config)) {
    frequencies.inverse = frequencies.inverse.to(options.device);
    bind();
  }

  // Points the layers at the parameters' current tensors.
  void bind() {
    std::unordered_map<std::string, Tensor> by_name;
    for (const auto& p : parameters) by_name[p.name] = p.value;
    const auto find = [&](const std::string& name) {
      const auto it = by_name.find(name);
      return it == by_name.end() ? Tensor() : it->second;
    };
    num_moe_layers = 0;
    embedding = find("model.embed_tokens.weight");
    norm = find("model.norm.weight");
    if (config.num_labels > 0)
      head = {find("score.weight")};
    else
      head = {config.tie_word_embeddings ? embedding : find("lm_head.weight")};
    layers.clear();
    for (int64_t i = 0; i < config.num_hidden_layers; ++i) layers.push_back(bind_layer(cat("model.layers.", i, "."), i, find));
    if (config.num_nextn_predict_layers > 0) {
      const std::string prefix = cat("model.layers.", config.num_hidden_layers, ".");
      enorm = find(prefix + "enorm.weight");
      hnorm = find(prefix + "hnorm.weight");
      eh_proj = {find(prefix + "eh_proj.weight")};
      mtp_norm = find(prefix + "shared_head.norm.weight");
      mtp_layer = bind_layer(prefix, config.num_hidden_layers, find);
    }
  }

  Layer bind_layer(const std::string& prefix, int64_t index, const auto& find) {
    const std::string a = prefix + "self_attn.", m = prefix + "mlp.";
    Layer l;
    l.input_norm = find(prefix + "input_layernorm.weight");
    l.post_norm = find(prefix + "post_attention_layernorm.weight");
    l.attention = {{find(a + (config.is_mla() ? "qkv_a_proj.weight" : "qkv_proj.weight"))}, find(a + "qkv_proj.bias"),
                   find(a + "q_norm.weight"), find(a + "k_norm.weight"), find(a + "q_a_layernorm.weight"),
                   {find(a + "q_b_proj.weight")}, find(a + "kv_a_layernorm.weight"), find(a + "kv_b_proj.weight"),
                   {find(a + "o_proj.weight")}, find(a + "o_proj.bias")};
    l.is_moe = config.is_moe_layer(index);
    if (!l.is_moe) {
      l.mlp = {{find(m + "gate_up_proj.weight")}, {find(m + "down_proj.weight")}};
      return l;
    }
    l.moe = {find(m + "gate.weight"), find(m + "gate.e_score_correction_bias"), {find(m + "experts.gate_up_proj")},
             {find(m + "experts.down_proj")},
             {{find(m + "shared_experts.gate_up_proj.weight")}, {find(m + "shared_experts.down_proj.weight")}}, num_moe_layers++};
    return l;
  }

  // Calls work for every weight of a product.
  void for_weights(const auto& work) {
    for (Layer& l : layers) for_weights_of(l, work);
    work(head);
    if (!config.num_nextn_predict_layers) return;
    work(eh_proj);
    for_weights_of(mtp_layer, work);
  }

  static void for_weights_of(Layer& l, const auto& work) {
    for (Weight* w : {&l.attention.qkv, &l.attention.q_b, &l.attention.o, &l.mlp.gate_up, &l.mlp.down, &l.moe.gate_up,
                      &l.moe.down, &l.moe.shared.gate_up, &l.moe.shared.down})
      work(*w);
  }

  Tensor feed_forward(const Mlp& m, const Tensor& x) const {
    return kernels::linear(kernels::swiglu(kernels::linear(x, m.gate_up)), m.down);
  }

  void record(RoutingStats& stats, size_t layer, const Tensor& counts, const Tensor& experts, const Tensor& logits) const {
    stats.counts.resize(static_cast<size_t>(num_moe_layers));
    auto& total = stats.counts[layer];
    total = total.defined() ? total + counts : counts;
    if (stats.keeps_logits) {
      stats.logits.resize(static_cast<size_t>(num_moe_layers));
      stats.logits[layer] = logits;
    }
    if (!stats.keeps_experts) return;
    stats.experts.resize(static_cast<size_t>(num_moe_layers));
    stats.experts[layer] = experts;
  }

  // sum over chosen experts of weight * expert(x), plus the shared experts (arXiv:2412.19437 eq. 12-16).
  Tensor mixture(const Mixture& m, const Tensor& x, const Batch& batch, RoutingStats* stats) const {
    const auto logits = kernels::linear(x.to(at::kFloat), {m.gate.to(at::kFloat)});
    const auto layer = static_cast<size_t>(m.stats_index);
    const auto routing = kernels::route(logits, m.bias, router, layer < batch.experts.size() ? batch.experts[layer] : Tensor());
    Tensor counts;
    auto out = kernels::routed_experts(x, routing.experts, routing.weights, m.gate_up, m.down, stats ? &counts : nullptr);
    if (stats) record(*stats, layer, counts, routing.experts, logits);
    return m.shared.gate_up.defined() ? out + feed_forward(m.shared, x) : out;
  }

  // Grouped-query attention, with Qwen3's per-head norms before the rotation.
  Tensor grouped_attention(const Attention& a, const Tensor& x, const Batch& batch, const kernels::RopeRows& rope,
                           Tensor* key_cache, Tensor* value_cache) const {
    const int64_t n = x.size(0), heads = config.num_attention_heads, kv_heads = config.num_key_value_heads, d = config.head_dim;
    const auto qkv = kernels::linear(x, a.qkv, a.qkv_bias).view({n, heads + 2 * kv_heads, d});
    auto q = qkv.narrow(1, 0, heads), k = qkv.narrow(1, heads, kv_heads);
    auto v = qkv.narrow(1, heads + kv_heads, kv_heads);
    if (a.q_norm.defined()) {
      q = kernels::rms_norm(q, a.q_norm, config.rms_norm_eps);
      k = kernels::rms_norm(k, a.k_norm, config.rms_norm_eps);
    }
    q = kernels::rope(q, rope, kernels::RopeLayout::half_split);
    if (key_cache) {
      kernels::store_rope(k, rope, kernels::RopeLayout::half_split, batch.cache_rows, *key_cache);
      kernels::store_rows(v, batch.cache_rows, *value_cache);
      k = *key_cache;
      v = *value_cache;
    } else {
      k = kernels::rope(k, rope, kernels::RopeLayout::half_split);
    }
    const auto out = kernels::attention(q, k, v, d, batch.plan, scale);
    return kernels::linear(out.view({n, heads * d}), a.o, a.o_bias);
  }

  // Multi-head latent attention in its absorbed form everywhere: scores and values live in the latent space, the cache
  // holds one row [latent, rope key] per token (arXiv:2405.04434 section 2.1).
  Tensor latent_attention(const Attention& a, const Tensor& x, const Batch& batch, const kernels::RopeRows& rope,
                          Tensor* key_cache) const {
    const auto& c = config;
    const int64_t n = x.size(0), heads = c.num_attention_heads, latent = c.kv_lora_rank;
    const int64_t q_rows = a.qkv.value.size(0) - latent - c.qk_rope_head_dim;
    const auto layout = c.rope_interleave ? kernels::RopeLayout::interleaved : kernels::RopeLayout::half_split;
    const auto projected = kernels::linear(x, a.qkv);
    auto q = projected.narrow(1, 0, q_rows);
    if (a.q_b.defined()) q = kernels::linear(kernels::rms_norm(q, a.q_a_norm, kLatentNormEps), a.q_b);
    q = q.reshape({n, heads, c.qk_head_dim()});
    const auto q_rope = kernels::rope(q.narrow(2, c.qk_nope_head_dim, c.qk_rope_head_dim), rope, layout);
    const auto compressed = kernels::rms_norm(projected.narrow(1, q_rows, latent), a.kv_a_norm, kLatentNormEps);
    const auto k_rope = projected.narrow(1, q_rows + latent, c.qk_rope_head_dim).unsqueeze(1);  // before its rotation
    Tensor keys;  // [N or M, 1, latent + R]
    if (key_cache) {
      keys = *key_cache;
      kernels::store_rows(compressed.unsqueeze(1), batch.cache_rows, keys.narrow(2, 0, latent));
      kernels::store_rope(k_rope, rope, layout, batch.cache_rows, keys.narrow(2, latent, c.qk_rope_head_dim));
    } else {
      keys = at::cat({compressed.unsqueeze(1), kernels::rope(k_rope, rope, layout)}, 2);
    }
    const auto kv_b = a.kv_b.view({heads, c.qk_nope_head_dim + c.v_head_dim, latent});
    const auto k_up = kv_b.narrow(1, 0, c.qk_nope_head_dim).transpose(1, 2);  // [H, latent, nope]
    const auto q_latent = kernels::heads_linear(q.narrow(2, 0, c.qk_nope_head_dim), k_up);
    const auto out = kernels::attention(at::cat({q_latent, q_rope}, 2), keys, {}, latent, batch.plan, scale);
    const auto values = kernels::heads_linear(out, kv_b.narrow(1, c.qk_nope_head_dim, c.v_head_dim));
    return kernels::linear(values.view({n, heads * c.v_head_dim}), a.o);
  }

  // The residual stream between layers: its value is x + delta, which the next norm adds up.
  struct Stream {
    Tensor x, delta;  // [N, D]; delta is undefined before the first layer
  };

  kernels::ResidualNorm norm_of(const Stream& in, const Tensor& weight) const {
    if (!in.delta.defined()) return {in.x, kernels::rms_norm(in.x, weight, config.rms_norm_eps)};
    return kernels::add_rms_norm(in.x, in.delta, weight, config.rms_norm_eps);
  }

  Stream decoder_layer(const Layer& l, const Stream& in, const Batch& batch, const kernels::RopeRows& rope, KvCache* cache,
                       size_t index, RoutingStats* stats) const {
    const auto [x, normed] = norm_of(in, l.input_norm);
    Tensor* keys = cache ? &cache->keys[index] : nullptr;
    Tensor* values = cache ? &cache->values[index] : nullptr;
    const auto attended = config.is_mla() ? latent_attention(l.attention, normed, batch, rope, keys)
                                          : grouped_attention(l.attention, normed, batch, rope, keys, values);
    const auto [h, inner] = norm_of({x, attended}, l.post_norm);
    return {h, l.is_moe ? mixture(l.moe, inner, batch, stats) : feed_forward(l.mlp, inner)};
  }

  // The layer as a function that may run twice, holding all that it needs.
  Stream recomputed_layer(const Layer& l, const Stream& in, const std::shared_ptr<const Batch>& batch, const kernels::RopeRows& rope,
                          size_t index, RoutingStats* stats) const {
    const auto body = [this, &l, batch, rope, index, stats](const std::vector<Tensor>& inputs, bool is_again) -> std::vector<Tensor> {
      auto out = decoder_layer(l, {inputs[0], inputs[1]}, *batch, rope, nullptr, index, is_again ? nullptr : stats);
      return {out.x, out.delta};
    };
    const auto out = recomputed(body, {in.x, in.delta});
    return {out[0], out[1]};
  }

  Stream all_layers(Stream stream, const Batch& batch, const kernels::RopeRows& rope, KvCache* cache, RoutingStats* stats) const {
    const auto kept = checkpoints_gradients && !cache ? std::make_shared<const Batch>(batch) : nullptr;
    for (size_t i = 0; i < layers.size(); ++i)
      stream = kept ? recomputed_layer(layers[i], stream, kept, rope, i, stats)
                    : decoder_layer(layers[i], stream, batch, rope, cache, i, stats);
    return stream;
  }

  static constexpr double kLatentNormEps = 1e-6;  // transformers' default for the norms inside MLA, whatever rms_norm_eps is
};

void RoutingStats::add(const RoutingStats& other) {
  if (counts.empty()) counts.resize(other.counts.size());
  for (size_t i = 0; i < other.counts.size(); ++i) {
    if (!other.counts[i].defined()) continue;  // a pass that did not run the layer, as MTP's
    counts[i] = counts[i].defined() ? counts[i] + other.counts[i] : other.counts[i];
  }
}

Transformer::Transformer(ModelConfig config, const TransformerOptions& options) {
  auto parameters = parameter_layout(config);
  for (auto& p : parameters) {
    const auto dtype = p.is_trainable ? options.dtype : at::kFloat;
    p.value = at::zeros(p.shape, at::TensorOptions().dtype(dtype).device(options.device));
  }
  impl_ = std::make_unique<Impl>(std::move(config), options, std::move(parameters));
}

Transformer::Transformer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Transformer::Transformer(Transformer&&) noexcept = default;
Transformer& Transformer::operator=(Transformer&&) noexcept = default;
Transformer::~Transformer() = default;

Transformer Transformer::replica(const Transformer& other) {
  auto parameters = other.impl_->parameters;
  for (auto& p : parameters) p.value = p.value.detach();
  return Transformer(std::make_unique<Impl>(other.impl_->config, other.impl_->options, std::move(parameters)));
}

const ModelConfig& Transformer::config() const { return impl_->config; }
const TransformerOptions& Transformer::options() const { return impl_->options; }
std::vector<Parameter>& Transformer::parameters() { return impl_->parameters; }
const std::vector<Parameter>& Transformer::parameters() const { return impl_->parameters; }
const kernels::RouterOptions& Transformer::router() const { return impl_->router; }
const Tensor& Transformer::head() const { return impl_->head.value; }
const kernels::Weight& Transformer::head_weight() const { return impl_->head; }
void Transformer::pack(kernels::WeightFormat format) const {
  impl_->for_weights([&](Weight& w) { kernels::pack(w, format); });
}
void Transformer::drop_packed() const {
  impl_->for_weights([](Weight& w) { w.packed = nullptr; });
}

void Transformer::set_gradient_checkpointing(bool is_on) { impl_->checkpoints_gradients = is_on; }

void Transformer::set_requires_grad(bool requires_grad) {
  for (auto& p : impl_->parameters) p.value.set_requires_grad(requires_grad && p.is_trainable);
}

Tensor Transformer::forward(const Batch& batch, KvCache* cache, RoutingStats* stats) const {
  const auto rope = rope_rows(impl_->frequencies, batch.positions);
  const auto stream = impl_->all_layers({at::embedding(impl_->embedding, batch.ids), {}}, batch, rope, cache, stats);
  return impl_->norm_of(stream, impl_->norm).y;
}

Tensor Transformer::forward_mtp(
    const Batch& batch, const Tensor& hidden, const Tensor& next_ids, RoutingStats* stats, KvCache* cache, bool detach_embedding) const {
  LOCKSTEP_CHECK(impl_->config.num_nextn_predict_layers > 0, "this model has no MTP module");
  const double eps = impl_->config.rms_norm_eps;
  const auto rope = rope_rows(impl_->frequencies, batch.positions);
  const auto table = detach_embedding ? impl_->embedding.detach() : impl_->embedding;
  const auto embedded = kernels::rms_norm(at::embedding(table, next_ids), impl_->enorm, eps);
  const auto joined = at::cat({embedded, kernels::rms_norm(hidden, impl_->hnorm, eps)}, 1);
  const auto stream = impl_->decoder_layer(impl_->mtp_layer, {kernels::linear(joined, impl_->eh_proj), {}}, batch, rope, cache,
                                           impl_->layers.size(), stats);
  return impl_->norm_of(stream, impl_->mtp_norm).y;
}

Transformer load_transformer(const OpenModel& model, const TransformerOptions& options) {
  Transformer out(model.config, options);
  load_parameters(out.parameters(), *model.tensors);
  return out;
}

}  // namespace lockstep::model
