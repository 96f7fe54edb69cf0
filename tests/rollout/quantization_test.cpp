// SPDX-License-Identifier: Apache-2.0
// Sampling with 8-bit weights: the bits of an exact engine whose weights were rounded that way.
#include <cmath>

#include "kernels/backend.h"
#include "kernels/cpu/packed_q8.h"
#include "rollout/local_engine.h"
#include "tests/rollout/tiny_model.h"
#include "tests/support/errors.h"

// Last: a LibTorch header defines a CHECK of its own, which aborts.
#include <doctest/doctest.h>

namespace lockstep::rollout {
namespace {

// Router, embedding and the latent up-projections are not quantised.
bool is_quantised(const model::Parameter& p) {
  return p.value.dim() >= 2 && p.name.find("embed_tokens") == std::string::npos && p.name.find("kv_b_proj") == std::string::npos &&
         p.name.find("mlp.gate.weight") == std::string::npos;
}

template <class T>
void round_weights(Tensor value) {
  const auto matrices = value.dim() == 3 ? value : value.unsqueeze(0);
  const int64_t n = matrices.size(1), k = matrices.size(2);
  for (int64_t i = 0; i < matrices.size(0); ++i) {
    auto* const weights = static_cast<T*>(matrices.select(0, i).mutable_data_ptr());
    kernels::cpu::PackedQ8Matrix packed(n, k);
    packed.pack<T>({weights, n, k, k, 1, nullptr});
    packed.unpack<T>(weights, k);
  }
}

model::Transformer make(const model::ModelConfig& config, at::ScalarType dtype) {
  model::Transformer exact = test::tiny_model(config);
  model::Transformer out(config, {dtype, at::kCPU});
  for (size_t i = 0; i < out.parameters().size(); ++i) out.parameters()[i].value.copy_(exact.parameters()[i].value);
  return out;
}

std::vector<Group> generate(const model::Transformer& model, const char* quantization) {
  base::ThreadPool pool(2);
  EngineConfig config;
  config.quantization = quantization;
  SamplingConfig sampling;
  sampling.max_completion_length = 20;
  LocalEngine engine(model, nullptr, config, pool);
  return engine.generate(test::some_requests(5, 3), sampling, 3);
}

}  // namespace

TEST_CASE("q8_0: the engine draws what an exact engine with the rounded weights draws, bit for bit, and not what the weights say") {
  for (const auto& config : {test::tiny_llama(), test::tiny_deepseek()})
    for (const auto dtype : {at::kFloat, at::kBFloat16}) {
      auto model = make(config, dtype);
      const auto exact = generate(model, "none"), quantised = generate(model, "q8_0");
      for (auto& p : model.parameters()) {
        if (!is_quantised(p)) continue;
        if (p.value.scalar_type() == at::kFloat)
          round_weights<float>(p.value);
        else
          round_weights<uint16_t>(p.value);
      }
      const auto rounded = generate(model, "none");
      bool is_exact = true;
      for (size_t g = 0; g < exact.size(); ++g)
        for (size_t s = 0; s < exact[g].completions.size(); ++s) {
          CHECK(quantised[g].completions[s].ids == rounded[g].completions[s].ids);
          CHECK(quantised[g].completions[s].logprobs == rounded[g].completions[s].logprobs);
          is_exact = is_exact && quantised[g].completions[s].logprobs == exact[g].completions[s].logprobs;
        }
      CHECK_FALSE(is_exact);
    }
}

TEST_CASE("q8_0: torch operations have no such weights, and say so") {
  const auto model = test::tiny_model(test::tiny_llama());
  base::ThreadPool pool(1);
  EngineConfig config;
  config.quantization = "q8_0";
  const auto before = kernels::backend();
  kernels::set_backend(kernels::Backend::portable);
  test::check_error([&] { LocalEngine(model, nullptr, config, pool); }, "no portable kernels for q8_0", "engine.quantization",
                    "quantization: none");
  kernels::set_backend(before);
}

}  // namespace lockstep::rollout
