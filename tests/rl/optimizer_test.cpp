// SPDX-License-Identifier: Apache-2.0
// AdamW over whole parameters: torch.optim.AdamW, clipping, threads, masters, skipped updates, save and resume.
#include "rl/optimizer.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <memory>

#include "base/json.h"
#include "base/rng.h"
#include "base/text.h"
#include "tests/rl/memory_source.h"
#include "tests/support/errors.h"

namespace lockstep {

using model::NamedTensor;
using Floats = std::vector<float>;
using test::check_error;

namespace {

Tensor normals(std::vector<int64_t> shape, uint64_t seed, double scale, at::ScalarType dtype = at::kFloat) {
  const Tensor out = at::empty(shape, at::kFloat);
  base::Random rng(seed, "optimizer test");
  for (int64_t i = 0; i < out.numel(); ++i) out.data_ptr<float>()[i] = static_cast<float>(scale * rng.normal());
  return out.to(dtype);
}

Floats values(const Tensor& tensor) {
  const Tensor flat = tensor.detach().to(at::kFloat).contiguous();
  return {flat.const_data_ptr<float>(), flat.const_data_ptr<float>() + flat.numel()};
}

// Two parameters, the first larger than four chunks.
std::vector<NamedTensor> parameters(at::ScalarType dtype = at::kFloat) {
  return {{"layer.weight", normals({300, 257}, 1, 1, dtype)}, {"norm.weight", normals({33}, 2, 1, dtype)}};
}

void set_gradients(std::vector<NamedTensor>& params, uint64_t step, double scale = 0.01) {
  for (size_t i = 0; i < params.size(); ++i) {
    Tensor& p = params[i].tensor;
    p.mutable_grad() = normals(p.sizes().vec(), 100 + 10 * step + i, scale, p.scalar_type());
  }
}

const rl::OptimizerConfig kConfig{.weight_decay = 0.1, .adam_beta2 = 0.95};

// Parameters after `num_steps` updates with `num_threads` threads.
std::vector<Floats> run(int num_threads, int num_steps, at::ScalarType dtype) {
  base::ThreadPool pool(num_threads);
  auto params = parameters(dtype);
  rl::AdamW optimizer(params, kConfig, pool);
  std::vector<Floats> out;
  for (int step = 0; step < num_steps; ++step) {
    set_gradients(params, static_cast<uint64_t>(step));
    out.push_back({static_cast<float>(optimizer.step(1e-3).grad_norm)});
  }
  for (const NamedTensor& p : params) out.push_back(values(p.tensor));
  return out;
}

}  // namespace

TEST_CASE("optimizer: equals torch.optim.AdamW after clip_grad_norm_, parameter groups included") {
  const base::Json fixture = base::parse_json_file(cat(LOCKSTEP_SOURCE_DIR, "/tests/fixtures/grpo/torch_adamw.json"));
  base::ThreadPool pool(2);
  std::vector<NamedTensor> params;
  for (size_t i = 0; i < 3; ++i) {
    const auto shape = fixture["shapes"][i].get<std::vector<int64_t>>();
    params.push_back({fixture["names"][i], at::tensor(fixture["start"][i].get<Floats>()).reshape(shape).clone()});
  }
  rl::AdamW optimizer(params, kConfig, pool);
  const auto check = [](const Floats& ours, const base::Json& theirs) {
    REQUIRE(ours.size() == theirs.size());
    for (size_t i = 0; i < ours.size(); ++i) CHECK(ours[i] == doctest::Approx(theirs[i].get<double>()).epsilon(1e-6));
  };
  for (const base::Json& step : fixture["steps"]) {
    for (size_t i = 0; i < 3; ++i) {
      params[i].tensor.mutable_grad() =
          at::tensor(step["gradients"][i].get<Floats>()).reshape(params[i].tensor.sizes());
    }
    const rl::StepReport report = optimizer.step(step["rate"].get<double>());
    CHECK(report.grad_norm == doctest::Approx(step["grad_norm"].get<double>()).epsilon(1e-6));
    for (size_t i = 0; i < 3; ++i) check(values(params[i].tensor), step["values"][i]);
  }
  const test::MemorySource state(optimizer.export_state());
  for (size_t i = 0; i < 3; ++i) {
    check(values(state.tensor(cat("exp_avg.", params[i].name))), fixture["exp_avg"][i]);
    check(values(state.tensor(cat("exp_avg_sq.", params[i].name))), fixture["exp_avg_sq"][i]);
  }
}

TEST_CASE("optimizer: norm and parameters have the same bits at 1, 2, 3 and 8 threads") {
  for (at::ScalarType dtype : {at::kFloat, at::kBFloat16}) {
    const auto reference = run(1, 3, dtype);
    for (int threads : {2, 3, 8}) CHECK(run(threads, 3, dtype) == reference);
  }
}

TEST_CASE("optimizer: the gradient is clipped to max_grad_norm, and only when it is longer") {
  base::ThreadPool pool(2);
  for (double max_norm : {0.0, 0.5, 1e6}) {
    auto params = parameters();
    rl::OptimizerConfig config = kConfig;
    config.max_grad_norm = max_norm;
    rl::AdamW optimizer(params, config, pool);
    set_gradients(params, 0);
    double squares = 0;
    for (const NamedTensor& p : params) {
      for (float g : values(p.tensor.grad())) squares += static_cast<double>(g) * g;
    }
    const rl::StepReport report = optimizer.step(1e-3);
    CHECK(report.grad_norm == doctest::Approx(std::sqrt(squares)).epsilon(1e-12));
    CHECK(report.clip_factor ==
          (max_norm == 0.5 ? doctest::Approx(0.5 / report.grad_norm).epsilon(1e-5) : doctest::Approx(1)));
    CHECK(!params[0].tensor.grad().defined());
  }
}

TEST_CASE("optimizer: a parameter group has its own rate and decay, the first that matches") {
  base::ThreadPool pool(1);
  const auto step = [&](const std::vector<rl::ParameterGroup>& groups, double rate, double decay) {
    auto params = parameters();
    rl::OptimizerConfig config = kConfig;
    config.weight_decay = decay;
    config.param_groups = groups;
    rl::AdamW optimizer(params, config, pool);
    set_gradients(params, 0);
    optimizer.step(rate);
    return std::pair(values(params[0].tensor), values(params[1].tensor));
  };
  const auto plain = step({}, 1e-3, 0.1), slow = step({}, 1e-4, 0.1), bare = step({}, 1e-3, 0.0);
  const auto grouped = step({{{"layer"}, 0.1, std::nullopt}, {{"layer.weight"}, 5, 0.5}}, 1e-3, 0.1);
  CHECK(grouped.first == slow.first);
  CHECK(grouped.second == plain.second);
  CHECK(step({{{"layer"}, 1.0, 0.0}}, 1e-3, 0.1).first == bare.first);
  CHECK(step({{{"norm"}, 0.0, std::nullopt}}, 1e-3, 0.1).second == values(parameters()[1].tensor));
}

TEST_CASE("optimizer: moments in bf16 follow those in f32, save and resume, at any number of threads") {
  const auto trained = [](const char* dtype, int threads, bool is_cut) {
    base::ThreadPool pool(threads);
    rl::OptimizerConfig config = kConfig;
    config.moments_dtype = dtype;
    auto params = parameters(at::kBFloat16);
    auto optimizer = std::make_unique<rl::AdamW>(params, config, pool);
    for (uint64_t step = 0; step < 60; ++step) {
      if (is_cut && step == 25) {
        const test::MemorySource state(optimizer->export_state());
        optimizer = std::make_unique<rl::AdamW>(params, config, pool);
        optimizer->import_state(state);
      }
      set_gradients(params, step % 3, 0.01);
      optimizer->step(1e-2);
    }
    return test::MemorySource(optimizer->export_state());
  };
  const auto exact = trained("float32", 1, false), small = trained("bfloat16", 1, false);
  const auto cut = trained("bfloat16", 3, true);
  for (const char* name : {"exp_avg.layer.weight", "exp_avg_sq.layer.weight", "master.layer.weight", "master.norm.weight"})
    CHECK(values(small.tensor(name)) == values(cut.tensor(name)));
  CHECK((small.tensor("exp_avg_sq.layer.weight").scalar_type() == at::kBFloat16));
  // The second moment decays by 0.05 a step; rounding to nearest would leave it stuck above what it should be.
  const auto v = values(exact.tensor("exp_avg_sq.layer.weight")), w = values(small.tensor("exp_avg_sq.layer.weight"));
  double sum = 0, reference = 0, moved = 0, off = 0;
  for (size_t i = 0; i < v.size(); ++i) sum += static_cast<double>(w[i]), reference += static_cast<double>(v[i]);
  CHECK(sum == doctest::Approx(reference).epsilon(1e-3));
  const auto start = values(parameters(at::kBFloat16)[0].tensor), a = values(exact.tensor("master.layer.weight")),
             b = values(small.tensor("master.layer.weight"));
  for (size_t i = 0; i < a.size(); ++i) {
    moved += std::pow(static_cast<double>(a[i]) - static_cast<double>(start[i]), 2);
    off += std::pow(static_cast<double>(a[i]) - static_cast<double>(b[i]), 2);
  }
  CHECK(std::sqrt(off / moved) < 0.02);
}

TEST_CASE("optimizer: names in no_decay get no weight decay, the others lr * weight_decay of their value") {
  base::ThreadPool pool(1);
  auto params = parameters();
  const Floats layer = values(params[0].tensor), norm = values(params[1].tensor);
  rl::AdamW optimizer(params, kConfig, pool);
  optimizer.step(0.5);  // without any gradient
  CHECK(values(params[1].tensor) == norm);
  for (size_t i = 0; i < layer.size(); i += 997) {
    CHECK(values(params[0].tensor)[i] == doctest::Approx(layer[i] * 0.95).epsilon(1e-6));
  }
}

TEST_CASE("optimizer: a parameter without a gradient moves as one whose gradient is zero") {
  base::ThreadPool pool(2);
  auto a = parameters(), b = parameters();
  rl::AdamW first(a, kConfig, pool), second(b, kConfig, pool);
  for (uint64_t step = 0; step < 3; ++step) {
    set_gradients(a, step), set_gradients(b, step);
    if (step == 1) a[1].tensor.mutable_grad() = Tensor(), b[1].tensor.mutable_grad().zero_();
    first.step(1e-3), second.step(1e-3);
  }
  CHECK(values(a[1].tensor) == values(b[1].tensor));
}

TEST_CASE("optimizer: bf16 parameters follow f32 masters, so that steps below bf16's resolution add up") {
  base::ThreadPool pool(1);
  std::vector<NamedTensor> params = {{"w", at::tensor(Floats(100, 1.0f)).to(at::kBFloat16)}};
  rl::AdamW optimizer(params, {}, pool);
  for (int step = 0; step < 100; ++step) {
    params[0].tensor.mutable_grad() = at::tensor(Floats(100, 1.0f)).to(at::kBFloat16);
    optimizer.step(1e-4);  // bf16 resolves 2^-8 = 0.004 below 1
  }
  CHECK(values(params[0].tensor)[0] == 0.98828125f);  // bf16(0.99)
  const test::MemorySource state(optimizer.export_state());
  CHECK(values(state.tensor("master.w"))[0] == doctest::Approx(0.99).epsilon(1e-5));
}

TEST_CASE("optimizer: save and resume equals an uninterrupted run bit for bit, f32 and bf16") {
  base::ThreadPool pool(2);
  for (at::ScalarType dtype : {at::kFloat, at::kBFloat16}) {
    auto params = parameters(dtype);
    rl::AdamW optimizer(params, kConfig, pool);
    for (uint64_t step = 0; step < 2; ++step) set_gradients(params, step), optimizer.step(1e-3);

    std::vector<NamedTensor> copies;
    for (const NamedTensor& p : params) copies.push_back({p.name, p.tensor.clone()});
    rl::AdamW resumed(copies, kConfig, pool);
    resumed.import_state(test::MemorySource(optimizer.export_state()));
    CHECK(resumed.num_steps() == 2);
    for (uint64_t step = 2; step < 4; ++step) {
      set_gradients(params, step), set_gradients(copies, step);
      optimizer.step(1e-3), resumed.step(1e-3);
    }
    for (size_t i = 0; i < 2; ++i) CHECK(values(params[i].tensor) == values(copies[i].tensor));
    const auto a = optimizer.export_state(), b = resumed.export_state();
    for (size_t i = 0; i < a.size(); ++i) CHECK(values(a[i].tensor) == values(b[i].tensor));
  }
}

TEST_CASE("optimizer: a norm that is not finite is an Error that names the parameter, or a counted skip") {
  base::ThreadPool pool(2);
  for (float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    auto params = parameters();
    const Floats before = values(params[0].tensor);
    rl::OptimizerConfig config = kConfig;
    rl::AdamW strict(params, config, pool);
    set_gradients(params, 0);
    params[1].tensor.mutable_grad()[7] = bad;
    check_error([&] { strict.step(1e-3); }, cat("the gradient norm is ", bad, " at update 1"),
                "gradient of norm.weight", "set nonfinite_grad to \"skip\"");
    CHECK(values(params[0].tensor) == before);

    config.nonfinite_grad = "skip";
    rl::AdamW lenient(params, config, pool);
    const rl::StepReport report = lenient.step(1e-3);  // the bad gradient is still there
    CHECK(report.is_skipped);
    CHECK(values(params[0].tensor) == before);
    CHECK(lenient.num_steps() == 0);
    CHECK(lenient.num_skipped() == 1);
    CHECK(!params[0].tensor.grad().defined());
    set_gradients(params, 1);
    CHECK(!lenient.step(1e-3).is_skipped);
    CHECK(lenient.num_steps() == 1);
  }
}

TEST_CASE("optimizer: a state of another model is refused by name, shape and dtype") {
  base::ThreadPool pool(1);
  auto params = parameters();
  rl::AdamW optimizer(params, kConfig, pool);
  test::MemorySource state(optimizer.export_state());
  state.set("exp_avg.norm.weight", at::tensor(Floats(3, 0.0f)));
  check_error([&] { optimizer.import_state(state); },
              "the optimizer state does not fit: file Float [3], model Float [33]", "exp_avg.norm.weight",
              "resume from a checkpoint of the same model");
  state.set("exp_avg.norm.weight", at::empty({33}, at::kBFloat16));
  check_error([&] { optimizer.import_state(state); }, "file BFloat16 [33], model Float [33]", "exp_avg.norm.weight",
              "resume from a checkpoint");
  state.erase("exp_avg.norm.weight");
  check_error([&] { optimizer.import_state(state); }, "the optimizer state lacks a tensor", "exp_avg.norm.weight",
              "resume from a checkpoint of the same model and config");
}

TEST_CASE("optimizer: moments in bf16 are the CPU's alone") {
  base::ThreadPool pool(1);
  const std::vector<NamedTensor> elsewhere = {{"layer.weight", at::empty({4}, at::TensorOptions(at::kFloat).device(at::kMeta))}};
  rl::OptimizerConfig config = kConfig;
  rl::AdamW(elsewhere, config, pool);
  config.moments_dtype = "bfloat16";
  check_error([&] { rl::AdamW(elsewhere, config, pool); }, "moments_dtype bfloat16 on a device other than the CPU", "learner/optimizer/moments_dtype",
              "use float32");
}

TEST_CASE("optimizer: parameters must be contiguous f32 or bf16") {
  base::ThreadPool pool(1);
  const Tensor wide = at::empty({4, 4}, at::kFloat);
  check_error([&] { rl::AdamW({{"w", wide.t()}}, {}, pool); }, "w must be contiguous", "optimizer.cpp", "report");
  check_error(
      [&] {
        rl::AdamW({{"w", at::empty({4}, at::kDouble)}}, {}, pool);
      },
      "w is Double, not f32 or bf16", "optimizer.cpp", "report");
}

}  // namespace lockstep
