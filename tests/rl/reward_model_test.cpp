// SPDX-License-Identifier: Apache-2.0
// Training of a reward model: packing, pairs, a whole run that learns, and that ends with the same bits when interrupted.
#include <ATen/ops/equal.h>
#include <c10/core/GradMode.h>

#include "base/file.h"
#include "kernels/index_tensor.h"
#include "rl/budget.h"
#include "rl/preference_rows.h"
#include "rl/reward_scores.h"
#include "rl/session.h"
#include "tests/rl/tiny_reward_model.h"
#include "tests/support/errors.h"

namespace lockstep::test {
namespace {

using Ids = std::vector<model::TokenId>;

rl::RunConfig reward_run(const TempFolder& folder, const std::string& name, const std::vector<std::string>& more = {}) {
  std::vector<std::string> all = {"output_dir=" + folder.path(name),
                                  "model.path=" + folder.path("lm"),
                                  "reward_model.files=[\"" + folder.path("pairs.jsonl") + "\"]",
                                  "reward_model.eval_files=[\"" + folder.path("held_out.jsonl") + "\"]",
                                  "reward_model.num_pairs=8",
                                  "reward_model.max_steps=30",
                                  "reward_model.eval_steps=10",
                                  "reward_model.save.save_steps=4",
                                  "reward_model.learner.max_tokens=64",
                                  "reward_model.learner.schedule.learning_rate=3e-3"};
  all.insert(all.end(), more.begin(), more.end());
  return rl::load_run_config(folder.write("config.json", "{}"), all);
}

std::vector<base::Json> metrics_of(const std::string& run) {
  std::vector<base::Json> rows;
  base::for_each_line(run + "/metrics.jsonl", [&](std::string_view line, size_t) { rows.push_back(base::parse_json(line, "")); });
  return rows;
}

}  // namespace

TEST_CASE("reward scores: a packed row's score is the bits of the sequence alone, up to its last token that is no padding") {
  constexpr int64_t kPad = 3;
  const auto m = [] {
    auto config = model::reward_model_config(tiny_llama());
    auto out = model::Transformer(config, {});
    model::init_parameters(out.parameters(), config, {1.0}, 5);
    return out;
  }();
  const Ids prompt = {4, 5, 6}, none, a = {7, 8, 2}, b = {9, 2, kPad, kPad}, c = {kPad}, d = {kPad, 10};
  const std::vector<rl::PackRow> rows = {{&prompt, &a, 0, 0}, {&prompt, &b, 0, 1}, {&prompt, &c, 0, 2}, {&none, &d, 1, 3}, {&prompt, &none, 2, 4}};
  const std::vector<Ids> expected = {{4, 5, 6, 7, 8, 2}, {4, 5, 6, 9, 2}, {4, 5, 6}, {kPad, 10}, {4, 5, 6}};
  const c10::NoGradGuard no_grad;
  for (const int64_t max_tokens : {4, 12, 400}) {
    size_t num_seen = 0;
    for (const auto& micro : rl::pack_for_scores(rows, kPad, {max_tokens, 1, at::kCPU})) {
      const auto scores = rl::micro_scores(m, micro);
      REQUIRE(scores.size(0) == static_cast<int64_t>(micro.samples.size()));
      for (size_t s = 0; s < micro.samples.size(); ++s, ++num_seen) {
        const auto& ids = expected[static_cast<size_t>(micro.samples[s])];
        const auto last = kernels::index_tensor({static_cast<int64_t>(ids.size()) - 1}, at::kCPU);
        const auto alone = model::reward_scores(m, model::make_batch({{ids, -1}}, at::kCPU), last);
        CHECK(at::equal(scores[static_cast<int64_t>(s)], alone[0]));
      }
    }
    CHECK(num_seen == rows.size());
  }
}

TEST_CASE("preference rows: for a reward model margins are read and long pairs left out; for a policy neither") {
  const TempFolder folder;
  const auto file = folder.write("pairs.jsonl",
                                 R"({"prompt": "1+1=?", "chosen": "2", "rejected": "3", "margin": 0.5})" "\n"
                                 R"({"prompt": "2+2=?", "chosen": "4", "rejected": "012345678901234567890123456789", "margin": null})" "\n"
                                 R"({"prompt": "3+3=?", "chosen": "6", "rejected": "5"})" "\n");
  const rl::PreferenceRows rows({{file}, 20}, tiny_tokenizer(), {}, 3, rl::PairsFor::reward_model);
  REQUIRE(rows.pairs().size() == 2);
  CHECK(rows.num_too_long() == 1);
  CHECK(rows.pairs()[0].margin == 0.5);
  CHECK(rows.pairs()[1].margin == 0);
  CHECK(rows.pairs()[0].chosen.back() == *tiny_tokenizer().eos_id());
  const rl::PreferenceRows cut({{file}, 20}, tiny_tokenizer(), {}, 3);
  CHECK(cut.pairs().size() == 3);
  CHECK(cut.num_too_long() == 0);
  CHECK(cut.pairs()[0].margin == 0);
  check_error([&] { rl::PreferenceRows({{file}, 4}, tiny_tokenizer(), {}, 3, rl::PairsFor::reward_model); },
              "all 3 pairs have more than max_length = 4 tokens", file, "raise max_length");
  const auto bad = folder.write("bad.jsonl", R"({"prompt": "1+1=?", "chosen": "2", "rejected": "3", "margin": "much"})" "\n");
  check_error([&] { rl::PreferenceRows({{bad}, 20}, tiny_tokenizer(), {}, 3, rl::PairsFor::reward_model); }, "the margin is \"much\"", bad + ":1",
              "leave the column out");
  CHECK_NOTHROW(rl::PreferenceRows({{bad}, 20}, tiny_tokenizer(), {}, 3));
}

TEST_CASE("reward model: a run learns a preference that holds on held-out pairs, and interrupted it ends with the same bits") {
  const TempFolder folder;
  write_language_model(folder);
  write_word_pairs(folder, "pairs.jsonl", 64, 1);
  write_word_pairs(folder, "held_out.jsonl", 40, 2);
  REQUIRE(rl::run(reward_run(folder, "straight")) == 0);
  const auto rows = metrics_of(folder.path("straight"));
  REQUIRE(rows.size() == 30);
  for (const char* key : {"loss", "accuracy", "margin", "min_reward", "mean_reward", "max_reward", "grad_norm", "learning_rate", "epoch"})
    CHECK_MESSAGE(rows.back().contains(key), key);
  CHECK(rows.back()["stage"] == "reward_model");
  CHECK_FALSE(rows[8].contains("eval_accuracy"));
  CHECK(rows[9].contains("eval_accuracy"));
  const auto before = base::parse_json_file(folder.path("straight/reward_model_before.json"));
  const auto after = base::parse_json_file(folder.path("straight/reward_model_after.json"));
  CHECK(after["accuracy"].get<double>() >= 0.95);
  CHECK(after["loss"].get<double>() < before["loss"].get<double>() / 2);
  CHECK(after["std_reward"].get<double>() > 0);
  CHECK(after["num_pairs"] == 40);
  CHECK(rows.back()["eval_accuracy"] == after["accuracy"]);

  REQUIRE(rl::run(reward_run(folder, "parts", {"max_steps=5"})) == 0);
  REQUIRE(rl::run(reward_run(folder, "parts", {"max_steps=0"})) == 0);
  for (const char* file : {"/model/model.safetensors", "/reward_model_before.json", "/reward_model_after.json"})
    CHECK_MESSAGE(base::read_file(folder.path("parts") + file) == base::read_file(folder.path("straight") + file), file);

  // Its model folder begins another run as it is, head and all.
  auto again = reward_run(folder, "again", {"model.path=" + folder.path("straight/model"), "max_steps=1"});
  REQUIRE(rl::run(again) == 0);
  CHECK(base::parse_json_file(folder.path("again/reward_model_before.json")) == after);
}

TEST_CASE("reward model: margins and centring move what is learned") {
  const TempFolder folder;
  write_language_model(folder);
  write_word_pairs(folder, "pairs.jsonl", 32, 1);
  write_word_pairs(folder, "held_out.jsonl", 20, 2);
  const auto last = [&](const std::string& name, const std::vector<std::string>& more) {
    REQUIRE(rl::run(reward_run(folder, name, more)) == 0);
    return base::parse_json_file(folder.path(name) + "/reward_model_after.json");
  };
  const auto plain = last("plain", {}), centred = last("centred", {"reward_model.center_rewards_coefficient=1"});
  CHECK(std::abs(centred["mean_reward"].get<double>()) < 0.2);
  CHECK(centred["margin"].get<double>() < plain["margin"].get<double>());
  std::string rows;
  base::for_each_line(folder.path("pairs.jsonl"), [&](std::string_view line, size_t) {
    auto row = base::parse_json(line, "");
    row["margin"] = 5;
    rows += row.dump() + "\n";
  });
  folder.write("pairs.jsonl", rows);
  CHECK(last("margin", {})["margin"].get<double>() > plain["margin"].get<double>());
}

TEST_CASE("reward model: what a config may not ask for") {
  const TempFolder folder;
  const auto refuses = [&](const std::vector<std::string>& more, const std::string& what, const std::string& where, const std::string& fix) {
    check_error([&] { reward_run(folder, "run", more); }, what, where, fix);
  };
  refuses({"dpo.data.files=[\"x\"]"}, "reward_model beside another stage", "/reward_model", "a run of its own");
  refuses({"model.path="}, "the model needs exactly one", "/model", "name a folder");
  refuses({"model.path=", "model.config={\"model_type\": \"llama\"}"}, "begins from a model", "/model/path", "name the folder");
  refuses({"reward_model.files=[]"}, "a reward model without pairs", "/reward_model/files", "JSONL");
  refuses({"reward_model.learner.lora.r=4"}, "no adapter would train its new head", "/reward_model/learner/lora/r", "all weights learn");
  auto config = reward_run(folder, "run", {"reward_model.learner.num_shards=2"});
  check_error([&] { rl::check_ranks(config, 3); }, "num_shards 2 is less than the 3 ranks", "/reward_model/learner/num_shards", "multiple");
}

TEST_CASE("reward model: the budget counts its head instead of the language model's") {
  const TempFolder folder;
  write_reward_model(folder);
  const auto begun = rl::make_budget(reward_run(folder, "run"));
  const auto continued = rl::make_budget(reward_run(folder, "run", {"model.path=" + folder.path("rm")}));
  CHECK(begun.num_parameters == continued.num_parameters);
  CHECK(begun.num_parameters == model::count_parameters(model::load_transformer(model::open_reward_model(folder.path("rm")), {}).parameters()));
  CHECK(begun.activation_bytes > 0);
  CHECK(begun.packed_bytes == 0);
}

TEST_CASE("reward model: its config's members are visited, documented and survive dump and load") {
  CHECK(base::visited<rl::RewardModelConfig>() == base::arity<rl::RewardModelConfig>());
  for (const auto& field : base::field_docs<rl::RewardModelConfig>()) CHECK_FALSE(field.meaning.empty());
  rl::RewardModelConfig config;
  const auto json = base::dump(config);
  base::load(json, config);
  CHECK(base::dump(config) == json);
}

}  // namespace lockstep::test
