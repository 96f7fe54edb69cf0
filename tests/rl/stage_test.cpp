// SPDX-License-Identifier: Apache-2.0
// A stage's bookkeeping: steps, metrics and checkpoints that go on where they stopped; the reference model among them.
#include "rl/stage.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <c10/core/GradMode.h>
#include <doctest/doctest.h>

#include "base/file.h"
#include "rl/reference_model.h"
#include "tests/rl/tiny_run.h"
#include "tests/support/errors.h"
#include "tests/support/temp_folder.h"

namespace lockstep::test {
namespace {

std::vector<Tensor> copies(const model::Transformer& m) {
  std::vector<Tensor> out;
  for (const auto& p : m.parameters()) out.push_back(p.value.clone());
  return out;
}

bool equal(const std::vector<Tensor>& values, const model::Transformer& m) {
  for (size_t i = 0; i < values.size(); ++i)
    if (!at::equal(values[i], m.parameters()[i].value)) return false;
  return values.size() == m.parameters().size();
}

// Every gradient 1, so that each update changes the weights.
void ones_as_gradients(model::Transformer& m) {
  for (auto& p : m.parameters())
    if (p.is_trainable) p.value.mutable_grad() = p.value.detach().abs().add(1);
}

// One step of a stage that learns nothing useful.
void step(rl::Session& session, rl::Stage& stage) {
  ones_as_gradients(session.policy.transformer);
  stage.update(1e-3);
  stage.state()["cursor"] = stage.step() + 1;
  rl::MetricsRow row;
  row.set("loss", static_cast<double>(stage.step()));
  REQUIRE(stage.finish_step(row, "note"));
}

std::vector<base::Json> metrics_of(const std::string& folder) {
  std::vector<base::Json> rows;
  base::for_each_line(folder + "/metrics.jsonl", [&](std::string_view line, size_t) { rows.push_back(base::parse_json(line, "")); });
  return rows;
}

struct Opened {
  rl::Session session;
  rl::Stage stage;
  Opened(const rl::RunConfig& config, int64_t num_steps, int64_t save_steps)
      : session(config), stage(session, "grpo", num_steps, config.grpo->learner, rl::SaveConfig{save_steps, 2}) {}
};

}  // namespace

TEST_CASE("stage: an interrupted stage goes on from its last checkpoint; metrics behind it are dropped") {
  const TempFolder scratch;
  const auto config = tiny_run(scratch.path("run"));
  std::vector<Tensor> straight, at_checkpoint;
  {
    const TempFolder other;
    Opened o(tiny_run(other.path("run")), 6, 100);
    for (int i = 0; i < 6; ++i) step(o.session, o.stage);
    straight = copies(o.session.policy.transformer);
  }
  {
    Opened o(config, 6, 2);
    for (int i = 0; i < 5; ++i) {
      step(o.session, o.stage);
      if (i == 3) at_checkpoint = copies(o.session.policy.transformer);
    }
    CHECK(o.session.engine.weight_version() == 5);
  }  // steps 1 to 5 are in the metrics, 4 in the checkpoint
  Opened again(config, 6, 2);
  CHECK(again.stage.step() == 4);
  CHECK_FALSE(again.stage.is_done());
  CHECK(again.stage.state()["cursor"] == 4);
  CHECK(again.session.engine.weight_version() == 4);
  CHECK(equal(at_checkpoint, again.session.policy.transformer));
  for (int i = 0; i < 2; ++i) step(again.session, again.stage);
  CHECK(equal(straight, again.session.policy.transformer));  // with the moments restored, bit for bit
  again.stage.finish();
  const auto rows = metrics_of(scratch.path("run"));
  REQUIRE(rows.size() == 6);
  for (size_t i = 0; i < 6; ++i) {
    CHECK(rows[i]["stage"] == "grpo");
    CHECK(rows[i]["step"] == i + 1);
    CHECK(rows[i]["loss"] == static_cast<double>(i));
  }
}

TEST_CASE("stage: a finished stage stays finished, unless more steps are asked for") {
  const TempFolder scratch;
  const auto config = tiny_run(scratch.path("run"));
  {
    Opened o(config, 2, 100);
    step(o.session, o.stage);
    step(o.session, o.stage);
    o.stage.finish();
    CHECK(o.session.folder.read_result("seconds.json").value().contains("grpo"));
  }
  CHECK(Opened(config, 2, 100).stage.is_done());
  CHECK(Opened(config, 1, 100).stage.is_done());
  Opened more(config, 3, 100);
  CHECK_FALSE(more.stage.is_done());
  CHECK(more.stage.step() == 2);
}

TEST_CASE("stage: one whose results cannot be written is not done") {
  const TempFolder scratch;
  const auto config = tiny_run(scratch.path("run"));
  {
    Opened o(config, 1, 100);
    step(o.session, o.stage);
    base::make_folders(o.session.folder.file("seconds.json"));
    CHECK(error_of([&] { o.stage.finish(); }).has_value());
  }
  base::remove_tree(scratch.path("run/seconds.json"));
  Opened again(config, 1, 100);
  CHECK_FALSE(again.stage.is_done());
  step(again.session, again.stage);
  again.stage.finish();
  CHECK(again.session.folder.read_result("seconds.json").value().contains("grpo"));
}

TEST_CASE("stage: old checkpoints are removed; every one that is kept is a model folder") {
  const TempFolder scratch;
  const auto config = tiny_run(scratch.path("run"));
  Opened o(config, 5, 1);
  for (int i = 0; i < 5; ++i) step(o.session, o.stage);
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(o.session.folder.checkpoints("grpo"))) {
    if (!entry.is_directory()) continue;
    CHECK_NOTHROW(model::load_transformer(model::open_model(entry.path().string()), {}));
    ++count;
  }
  CHECK(count == 2);
}

TEST_CASE("reference model: nothing without KL; else a copy that follows the policy only when due, kept by checkpoints") {
  const TempFolder scratch;
  const auto config = tiny_run(scratch.path("run"));
  auto grpo = *config.grpo;
  grpo.ref_model_sync_steps = 3;
  std::vector<Tensor> start, kept;
  {
    Opened o(config, 9, 1);
    auto without = grpo;
    without.loss.beta = 0;
    CHECK(rl::ReferenceModel(o.session.policy.transformer, without, o.stage).get() == nullptr);
    rl::ReferenceModel reference(o.session.policy.transformer, grpo, o.stage);
    REQUIRE(reference.get() != nullptr);
    start = copies(o.session.policy.transformer);
    CHECK(equal(start, *reference.get()));
    for (int64_t done = 1; done <= 4; ++done) {
      ones_as_gradients(o.session.policy.transformer);
      o.stage.update(1e-3);
      reference.refresh_if_due(done);
      if (done == 2) CHECK(equal(start, *reference.get()));
      if (done == 3) kept = copies(o.session.policy.transformer);
      rl::MetricsRow row;
      REQUIRE(o.stage.finish_step(row, ""));
    }
    CHECK(equal(kept, *reference.get()));
    CHECK_FALSE(equal(kept, o.session.policy.transformer));
  }
  Opened again(config, 9, 1);
  const rl::ReferenceModel reference(again.session.policy.transformer, grpo, again.stage);
  CHECK(again.stage.step() == 4);
  CHECK(equal(kept, *reference.get()));
}

TEST_CASE("reference model: with a mixup alpha it becomes alpha pi + (1 - alpha) pi_ref when due") {
  const TempFolder scratch;
  const auto config = tiny_run(scratch.path("run"));
  auto grpo = *config.grpo;
  grpo.ref_model_sync_steps = 2;
  grpo.ref_model_mixup_alpha = 0.6;
  Opened o(config, 9, 100);
  rl::ReferenceModel reference(o.session.policy.transformer, grpo, o.stage);
  auto expected = copies(*reference.get());
  for (int64_t done = 1; done <= 4; ++done) {
    ones_as_gradients(o.session.policy.transformer);
    o.stage.update(1e-3);
    reference.refresh_if_due(done);
    if (done % 2 == 0)
      for (size_t i = 0; i < expected.size(); ++i)  // TRL's SyncRefModelCallback, without a fused multiply and add
        expected[i] = expected[i] * 0.4 + o.session.policy.transformer.parameters()[i].value.detach() * 0.6;
    CHECK(equal(expected, *reference.get()));
  }
}

TEST_CASE("capped steps: the top-level cap where there is one") {
  rl::RunConfig config;
  CHECK(rl::capped_steps(config, 10) == 10);
  config.max_steps = 3;
  CHECK(rl::capped_steps(config, 10) == 3);
  CHECK(rl::capped_steps(config, 2) == 2);
}

}  // namespace lockstep::test
