// SPDX-License-Identifier: Apache-2.0
// Low-rank adapters: the merged weights are the policy's, their gradients are the projected ones, all else stays as it is.
#include "rl/lora.h"

#include <ATen/ops/equal.h>
#include <ATen/ops/linspace.h>
#include <ATen/ops/zeros_like.h>

#include "base/file.h"
#include "base/json.h"
#include "rl/learner.h"
#include "rl/stage.h"
#include "tests/rl/tiny_rows.h"
#include "tests/rl/tiny_run.h"
#include "tests/support/errors.h"
#include "tests/support/temp_folder.h"

#include <doctest/doctest.h>

namespace lockstep::test {
namespace {

std::vector<Tensor> values_of(const model::Transformer& m) {
  std::vector<Tensor> out;
  for (const auto& p : m.parameters()) out.push_back(p.value.detach().clone());
  return out;
}

// B of every adapter away from zero, so that gradients reach A.
void stir(rl::Lora& lora) {
  uint64_t seed = 0;
  for (const auto& p : lora.parameters()) {
    if (!p.name.ends_with("lora_B.weight")) continue;
    base::Random random(++seed);
    auto* data = p.tensor.mutable_data_ptr<float>();
    for (int64_t i = 0; i < p.tensor.numel(); ++i) data[i] = static_cast<float>(0.02 * random.normal());
  }
  lora.merge();
}

double loss_of(const model::Transformer& m, const rl::MicroBatch& micro) {
  const c10::NoGradGuard no_grad;
  return packed_logprobs(m, micro).to(at::kDouble).sum().item<double>();
}

// Gradients of the sum of all log-probabilities, in the adapters.
void learn(rl::Lora& lora, model::Transformer& m, const rl::MicroBatch& micro) {
  base::ThreadPool pool(1);
  rl::Learner learner(m, 1, pool);
  learner.restrict_to([&](size_t parameter) { return lora.trains(parameter); });
  learner.accumulate(1, [&](const model::Transformer& replica, int) { return packed_logprobs(replica, micro).sum(); });
  for (size_t i = 0; i < m.parameters().size(); ++i) CHECK((lora.trains(i) || !m.parameters()[i].value.grad().defined()));
  lora.project_gradients();
  for (auto& p : m.parameters()) CHECK_FALSE(p.value.grad().defined());
}

std::string last_of(const std::string& module) { return module.substr(module.rfind('.') + 1); }

}  // namespace

TEST_CASE("lora: fresh adapters leave every weight as it was") {
  for (const auto& config : {tiny_llama(), tiny_deepseek()}) {
    auto m = tiny_model(config);
    const auto before = values_of(m);
    rl::Lora lora(m, {.r = 3}, 7);
    lora.merge();
    for (size_t i = 0; i < before.size(); ++i) CHECK(at::equal(before[i], m.parameters()[i].value));
    CHECK(lora.parameters().size() >= 14);
  }
}

TEST_CASE("lora: all-linear means each linear module, experts one by one, without routers, head and embeddings") {
  std::set<std::string> dense, mixture;
  for (const auto& t : rl::lora_targets(model::parameter_layout(tiny_llama()), {.r = 2})) dense.insert(last_of(t.module()));
  CHECK(dense == std::set<std::string>{"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"});
  bool has_expert = false;
  for (const auto& t : rl::lora_targets(model::parameter_layout(tiny_deepseek()), {.r = 2})) {
    mixture.insert(last_of(t.module()));
    has_expert = has_expert || t.module().find(".mlp.experts.1.") != std::string::npos;
  }
  CHECK(has_expert);
  CHECK(mixture.count("gate") == 0);
  CHECK(mixture.count("lm_head") == 0);
  CHECK(mixture.count("kv_b_proj") == 1);
}

TEST_CASE("lora: targets are ends of names; one that is none is an error") {
  const auto layout = model::parameter_layout(tiny_deepseek());
  const auto some = rl::lora_targets(layout, {.r = 2, .target_modules = {"o_proj", "experts.1.up_proj"}});
  REQUIRE_FALSE(some.empty());
  int64_t expected = 0;
  for (const auto& t : some) {
    CHECK((t.module().ends_with(".o_proj") || t.module().ends_with(".experts.1.up_proj")));
    expected += 2 * (t.piece.rows + t.columns);
  }
  CHECK(rl::count_lora_parameters(layout, {.r = 2, .target_modules = {"o_proj", "experts.1.up_proj"}}) == expected);
  check_error([&] { rl::lora_targets(layout, {.r = 2, .target_modules = {"o_proj", "proj"}}); },
              "no linear module's name ends with \"proj\"", "learner/lora/target_modules", "use all-linear, or of this model: ");
}

TEST_CASE("lora: the weights are W0 + s B A, and only those with adapters") {
  auto m = tiny_model(tiny_llama());
  const auto before = values_of(m);
  rl::Lora lora(m, {.r = 4, .lora_alpha = 6, .target_modules = {"k_proj", "down_proj"}}, 7);
  stir(lora);
  size_t adapter = 0;
  for (size_t i = 0; i < before.size(); ++i) {
    const auto& p = m.parameters()[i];
    CHECK(lora.trains(i) == !at::equal(before[i], p.value));
    for (const auto& piece : p.pieces) {
      const bool has = piece.hf_name.ends_with("k_proj.weight") || piece.hf_name.ends_with("down_proj.weight");
      auto expected = piece.view(before[i]).to(at::kDouble);
      if (has) {
        const auto &a = lora.parameters()[adapter].tensor, &b = lora.parameters()[adapter + 1].tensor;
        CHECK(lora.parameters()[adapter].name == "base_model.model." + piece.hf_name.substr(0, piece.hf_name.size() - 6) + "lora_A.weight");
        CHECK(a.sizes() == at::IntArrayRef({4, expected.size(1)}));
        expected = expected + 1.5 * b.to(at::kDouble).matmul(a.to(at::kDouble));
        adapter += 2;
      }
      CHECK((expected - piece.view(p.value)).abs().max().item<double>() <= (has ? 1e-6 : 0.0));
    }
  }
  CHECK(adapter == lora.parameters().size());
}

TEST_CASE("lora: gradients of A and B are those of the loss of the merged model") {
  for (const bool use_rslora : {false, true}) {
    auto m = tiny_model(tiny_llama());
    rl::Lora lora(m, {.r = 3, .lora_alpha = 5, .use_rslora = use_rslora}, 7);
    stir(lora);
    const auto set = random_rows(5, 4, 12);
    const auto micro = rl::pack(set.rows, {.max_tokens = 1 << 20}).at(0);
    learn(lora, m, micro);
    double checked = 0;
    for (const auto& p : lora.parameters()) {
      // Along the gradient itself the loss changes fastest: its slope there is the gradient's length.
      const double length = p.tensor.grad().to(at::kDouble).norm().item<double>(), step = 4e-3;
      const auto direction = p.tensor.grad() / length;
      const auto loss_at = [&](double place) {
        const auto before = p.tensor.clone();
        p.tensor.add_(direction, place);
        lora.merge();
        const double loss = loss_of(m, micro);
        p.tensor.copy_(before);
        lora.merge();
        return loss;
      };
      CAPTURE(p.name);
      CHECK(std::abs((loss_at(step) - loss_at(-step)) / (2 * step) - length) <= 1e-2 * length + 1e-2);
      checked += length > 1;
    }
    CHECK(checked >= 6);
  }
}

TEST_CASE("lora: gradients are the weights' gradients projected, experts one by one") {
  auto m = tiny_model(tiny_deepseek());
  rl::Lora lora(m, {.r = 3, .lora_alpha = 6}, 7);
  stir(lora);
  const auto set = random_rows(5, 4, 12);
  const auto micro = rl::pack(set.rows, {.max_tokens = 1 << 20}).at(0);
  const auto whole = autograd(m, [&](const model::Transformer& own) { return packed_logprobs(own, micro).sum(); });
  learn(lora, m, micro);
  size_t adapter = 0;
  for (const auto& target : rl::lora_targets(m.parameters(), {.r = 3})) {
    const auto &a = lora.parameters()[adapter++].tensor, &b = lora.parameters()[adapter++].tensor;
    CHECK(a.grad().defined() == whole[target.parameter].defined());
    if (!a.grad().defined()) continue;
    const auto dw = target.piece.view(whole[target.parameter]).to(at::kDouble);
    const auto da = 2 * b.to(at::kDouble).t().matmul(dw), db = 2 * dw.matmul(a.to(at::kDouble).t());
    CHECK((a.grad() - da).abs().max().item<double>() <= 1e-5 * (1 + da.abs().max().item<double>()));
    CHECK((b.grad() - db).abs().max().item<double>() <= 1e-5 * (1 + db.abs().max().item<double>()));
  }
  CHECK(adapter == lora.parameters().size());
}

TEST_CASE("lora: a stage that was interrupted goes on bit for bit; what has no adapter never moves; the adapter is PEFT's") {
  const TempFolder scratch;
  const std::vector<std::string> changes = {"grpo.learner.lora.r=2", R"(grpo.learner.lora.target_modules=["q_proj","up_proj"])"};
  const auto run = [&](const std::string& name, int first, int last) {
    rl::Session session(tiny_run(scratch.path(name), changes));
    rl::Stage stage(session, "grpo", last, session.config.grpo->learner, rl::SaveConfig{1, 2});
    const auto start = values_of(session.policy.transformer);
    CHECK(stage.step() == first);
    for (int i = first; i < last; ++i) {
      for (auto& p : session.policy.transformer.parameters())
        if (p.is_trainable) p.value.mutable_grad() = at::linspace(-1, 1, p.value.numel(), p.value.options()).view(p.value.sizes());
      stage.update(1e-2);
      REQUIRE(stage.finish_step({}, ""));
    }
    int64_t moved = 0;
    for (size_t i = 0; i < start.size(); ++i) {
      const auto& p = session.policy.transformer.parameters()[i];
      const bool has = p.name.ends_with("qkv_proj.weight") || p.name.ends_with("qkv_a_proj.weight") || p.name.find("gate_up_proj") != std::string::npos;
      if (!has) CHECK(at::equal(start[i], p.value));
      moved += !at::equal(start[i], p.value);
    }
    CHECK(moved > 0);
    stage.finish();
    return values_of(session.policy.transformer);
  };
  const auto straight = run("straight", 0, 4);
  run("parts", 0, 2);
  const auto resumed = run("parts", 2, 4);
  REQUIRE(straight.size() == resumed.size());
  for (size_t i = 0; i < straight.size(); ++i) CHECK(at::equal(straight[i], resumed[i]));
  const auto json = base::parse_json(base::read_file(scratch.path("parts/adapter_grpo/adapter_config.json")), "adapter");
  CHECK(json["peft_type"] == "LORA");
  CHECK(json["r"] == 2);
  const auto tensors = model::open_safetensors(scratch.path("parts/adapter_grpo/adapter_model.safetensors"));
  CHECK(tensors->names().size() == 2 * json["target_modules"].size());
  for (const auto& module : json["target_modules"]) CHECK(tensors->has("base_model.model." + module.get<std::string>() + ".lora_B.weight"));
}

TEST_CASE("lora: an adapter of another rank is refused") {
  const TempFolder scratch;
  auto m = tiny_model(tiny_llama());
  rl::Lora(m, {.r = 2, .target_modules = {"o_proj"}}, 7).save_adapter(scratch.path("adapter"), "base");
  const auto source = model::open_safetensors(scratch.path("adapter/adapter_model.safetensors"));
  rl::Lora other(m, {.r = 3, .target_modules = {"o_proj"}}, 7);
  check_error([&] { other.load(*source); }, "the adapter is missing or has another shape than r = 3 asks for",
              "base_model.model.model.layers.0.self_attn.o_proj.lora_A.weight",
              "resume with the learner.lora options that the run began with");
}

}  // namespace lockstep::test
