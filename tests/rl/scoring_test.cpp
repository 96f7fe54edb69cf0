// SPDX-License-Identifier: Apache-2.0
// Scoring and evaluation of scripted completions: every number of an evaluation by hand.
#include "rl/scoring.h"

#include <doctest/doctest.h>

#include "rl/evaluate.h"
#include "tests/rl/tiny_text.h"
#include "tests/support/errors.h"
#include "tests/support/fake_engine.h"
#include "tests/support/temp_folder.h"

namespace lockstep::test {
namespace {

using rollout::FinishReason;

struct Answer {
  std::string text;
  FinishReason finish = FinishReason::eos;
};

// Completion s of prompt p is answers[p][s]; an ended one carries the eos id.
FakeEngine engine_of(std::vector<std::vector<Answer>> answers) {
  return FakeEngine([answers = std::move(answers)](const rollout::Request& request, int sample, uint64_t) {
    const auto& answer = answers.at(request.prompt_id).at(static_cast<size_t>(sample));
    rollout::Completion out;
    out.ids = tiny_tokenizer().encode(answer.text);
    if (answer.finish == FinishReason::eos) out.ids.push_back(*tiny_tokenizer().eos_id());
    out.logprobs.assign(out.ids.size(), -1.0f);
    out.finish = answer.finish;
    return out;
  });
}

std::vector<rewards::RewardConfig> accuracy_and_format() {
  rewards::RewardConfig accuracy, format;
  accuracy.options = {{"source", "answer_tag"}};
  format.type = "format";
  format.weight = 0.5;
  return {accuracy, format};
}

rl::PromptSet prompts_of(const TempFolder& folder, const std::string& rows, const std::string& prefill = "") {
  rl::PromptSource source;
  source.file = folder.write("rows.jsonl", rows);
  rl::PromptConfig format;
  format.prefill = prefill;
  return {source, /*is_eval=*/true, format, tiny_tokenizer(), 1};
}

constexpr const char* kRows =
    "{\"prompt\": \"1+1\", \"answer\": \"2\", \"difficulty\": 2}\n"
    "{\"prompt\": \"2+2\", \"answer\": \"4\", \"difficulty\": 2}\n"
    "{\"prompt\": \"3+3+3\", \"answer\": \"9\", \"difficulty\": 3}\n";

std::string answer(int value) { return cat("<think>a word</think><answer>", value, "</answer>"); }

rl::EvalOptions options_of(int num_prompts, int num_samples, uint64_t seed) {
  rl::EvalOptions out;
  out.num_prompts = num_prompts;
  out.num_samples = num_samples;
  out.seed = seed;
  return out;
}

rl::EvalResult evaluate_one(const TempFolder& folder, const std::vector<Answer>& answers) {
  const auto prompts = prompts_of(folder, "{\"prompt\": \"1+1\", \"answer\": \"2\"}\n");
  auto engine = engine_of({answers});
  const rl::RewardSet rewards(accuracy_and_format(), 1);
  return rl::evaluate(engine, prompts, rewards, options_of(1, static_cast<int>(answers.size()), 1));
}

}  // namespace

TEST_CASE("scoring: texts are decoded without special tokens, with the prefill in front; ended ones are told from cut ones") {
  const TempFolder folder;
  const auto set = prompts_of(folder, kRows, "<think>");
  const rl::RewardSet rewards(accuracy_and_format(), 1);
  auto engine = engine_of({{{"wait</think><answer>2</answer>"}, {"so", FinishReason::length}, {"x", FinishReason::stop}}});
  rollout::SamplingConfig sampling;
  sampling.max_completion_length = 77;
  const auto rollout = rl::run_rollout(engine, set, set.slice(0, 1), 3, sampling, rewards, 9);
  REQUIRE(rollout.scores.at(0).samples.size() == 3);
  const auto& samples = rollout.scores[0].samples;
  CHECK(samples[0].text == "<think>wait</think><answer>2</answer>");
  CHECK(samples[0].has_reflection);
  CHECK(samples[0].is_terminated);
  CHECK(samples[0].reward.parts[0].value == 1);
  CHECK(samples[0].reward.parts[1].value == 1);  // the form needs the prefill's tag
  CHECK(samples[0].reward.value == doctest::Approx(1.5));
  CHECK_FALSE(samples[1].is_terminated);
  CHECK_FALSE(samples[1].has_reflection);
  CHECK(samples[2].is_terminated);
  CHECK(samples[1].reward.value == 0);
  REQUIRE(engine.calls.size() == 1);
  CHECK(engine.calls[0].seed == 9);
  CHECK(engine.calls[0].sampling.max_completion_length == 77);
  CHECK(engine.calls[0].requests.at(0).num_samples == 3);
}

TEST_CASE("scoring: a reward that fails marks its sample and no other") {
  const TempFolder folder;
  const auto set = prompts_of(folder, "{\"prompt\": \"a\"}\n{\"prompt\": \"b\", \"answer\": \"2\"}\n");
  rewards::RewardConfig accuracy;
  const rl::RewardSet rewards({accuracy}, 1);
  auto engine = engine_of({{{answer(2)}}, {{answer(2)}}});
  const auto rollout = rl::run_rollout(engine, set, set.slice(0, 2), 1, {}, rewards, 1);
  CHECK(rollout.scores[0].samples[0].reward.status == rewards::Status::skip);
  CHECK(rollout.scores[1].samples[0].reward.status == rewards::Status::ok);
}

TEST_CASE("evaluate: every field from a scripted engine") {
  const TempFolder folder;
  const auto prompts = prompts_of(folder, kRows);
  const rl::RewardSet rewards(accuracy_and_format(), 1);
  auto engine = engine_of({{{answer(2)}, {answer(3)}, {answer(2)}, {answer(5)}},
                           {{answer(7)}, {answer(7)}, {"wait", FinishReason::length}, {answer(4)}},
                           {{"so"}, {"so"}, {"so"}, {"so", FinishReason::length}}});
  const auto r = rl::evaluate(engine, prompts, rewards, options_of(100, 4, 5));
  double length = 0;
  for (const auto& text : {answer(2), answer(3), answer(2), answer(5), answer(7), answer(7), answer(4)})
    length += static_cast<double>(tiny_tokenizer().encode(text).size()) + 1;
  length += static_cast<double>(tiny_tokenizer().encode("wait").size() + 4 * tiny_tokenizer().encode("so").size()) + 3;
  CHECK(r.num_prompts == 3);  // a file is not gone through twice
  CHECK(r.num_samples == 12);
  CHECK(r.pass_at_1 == doctest::Approx((2.0 / 4 + 1.0 / 4 + 0) / 3));
  CHECK(r.pass_at_k == doctest::Approx(2.0 / 3));
  CHECK(r.cons_at_k == doctest::Approx(1.0 / 3));
  CHECK(r.format.value() == doctest::Approx(7.0 / 12));
  CHECK(r.mean_length == doctest::Approx(length / 12));
  CHECK(r.reflection == doctest::Approx(1.0 / 12));
  CHECK(r.truncated == doctest::Approx(2.0 / 12));
  CHECK(r.reward == doctest::Approx((3 + 0.5 * 7) / 12));
  const auto json = r.to_json();
  CHECK(json["pass_at_1"] == r.pass_at_1);
  CHECK(json["pass_by_difficulty"] == base::Json{{"2", 0.375}, {"3", 0.0}});
  CHECK(json["num_samples"] == 12);
  CHECK(engine.calls.at(0).seed == 5);
}

TEST_CASE("evaluate: the majority is that of the answers; of equally frequent ones the one drawn first decides") {
  const TempFolder folder;
  CHECK(evaluate_one(folder, {{answer(2)}, {answer(3)}}).cons_at_k == 1);
  CHECK(evaluate_one(folder, {{answer(3)}, {answer(2)}}).cons_at_k == 0);
  CHECK(evaluate_one(folder, {{answer(3)}, {answer(2)}, {answer(4)}, {answer(2)}}).cons_at_k == 1);
  CHECK(evaluate_one(folder, {{answer(3)}, {answer(2)}, {answer(3)}, {answer(2)}, {answer(2)}}).cons_at_k == 1);
  CHECK(evaluate_one(folder, {{"<answer>right</answer>"}, {"<answer>right</answer>"}, {answer(2)}}).cons_at_k == 0);
  // A sample without an answer has no vote; without any vote the majority is not right.
  CHECK(evaluate_one(folder, {{"so"}, {"so"}, {answer(2)}}).cons_at_k == 1);
  CHECK(evaluate_one(folder, {{"so"}, {"so"}}).cons_at_k == 0);
  // The same number written in two ways is one answer when it is right.
  CHECK(evaluate_one(folder, {{answer(3)}, {answer(3)}, {"<answer>2.0</answer>"}, {answer(2)}, {"<answer>2</answer>"}}).cons_at_k == 1);
}

TEST_CASE("evaluate: other k, intervals and groups of prompts beside the fields of old") {
  const TempFolder folder;
  const auto prompts = prompts_of(folder, kRows);
  const rl::RewardSet rewards(accuracy_and_format(), 1);
  auto engine = engine_of({{{answer(2)}, {answer(3)}}, {{answer(4)}, {answer(4)}}, {{"so"}, {answer(1)}}});
  auto options = options_of(3, 2, 0);
  options.measure.k = {1};
  const auto r = rl::evaluate(engine, prompts, rewards, options);
  CHECK(r.measures.pass_at.size() == 1);
  CHECK(r.pass_at_k == doctest::Approx(2.0 / 3));  // of all samples, though only k = 1 was asked for
  CHECK(r.cons_at_k == doctest::Approx(2.0 / 3));
  const auto json = r.to_json();
  CHECK(json["accuracy_reward"] == "accuracy");
  CHECK(json["pass_at_1_ci"].size() == 2);
  CHECK(json["pass_at"]["1"] == json["pass_at_1"]);
  CHECK(json["by"]["difficulty"]["2"]["num_prompts"] == 2);
  CHECK(json["by"]["difficulty"]["2"]["pass_at_1"] == 0.75);
  CHECK(json["rewards/accuracy/mean"] == 0.5);
  CHECK(json["rewards/accuracy/has_answer"].get<double>() == doctest::Approx(5.0 / 6));
  CHECK(json["rewards/format/skip_ratio"] == 0.0);
}

TEST_CASE("evaluate: what is right is said by any accuracy reward, or the one that is named; without one nothing is claimed") {
  const TempFolder folder;
  const auto prompts = prompts_of(folder, "{\"prompt\": \"1+1\", \"answer\": \"2\"}\n");
  const auto evaluated = [&](const std::vector<rewards::RewardConfig>& configs, const std::string& name = "") {
    auto engine = engine_of({{{answer(2)}}});
    auto options = options_of(1, 1, 0);
    options.accuracy_reward = name;
    return rl::evaluate(engine, prompts, rl::RewardSet(configs, 1), options);
  };
  rewards::RewardConfig coin{.type = "random", .options = {{"probability", 1.0}}}, exact{.type = "accuracy_exact", .name = "mine"};
  CHECK(evaluated({coin, exact}).accuracy_reward == "mine");
  CHECK(evaluated({exact, coin}, "random").pass_at_1 == 1);
  CHECK(evaluated({exact, coin}, "random").accuracy_reward == "random");
  const auto none = evaluated({coin}).to_json();
  for (const char* key : {"pass_at_1", "pass_at_k", "cons_at_k", "accuracy_reward", "format"}) CHECK(none.at(key).is_null());
  CHECK_FALSE(none.contains("pass_at"));
  CHECK(none["reward"] == 1.0);
  check_error([&] { evaluated({exact, coin}, "min"); }, "no reward is named \"min\"", "/eval/accuracy_reward", "use one of mine, random");
}

TEST_CASE("evaluate: what a reward skips is neither right nor wrong, neither formed nor misformed") {
  const TempFolder folder;
  const rl::RewardSet rewards(accuracy_and_format(), 1);
  auto configs = accuracy_and_format();
  configs[1].where = {{"kind", "sum"}};
  const rl::RewardSet formed(configs, 1);
  std::vector<base::Json> rows;
  auto options = options_of(2, 2, 0);
  options.on_sample = [&](const base::Json& row) { rows.push_back(row); };
  const auto evaluated = [&](const std::string& text, const rl::RewardSet& by) {
    auto engine = engine_of({{{answer(2)}, {answer(2)}}, {{"so"}, {"so"}}});
    return rl::evaluate(engine, prompts_of(folder, text), by, options);
  };
  // The second prompt has no answer to be compared with.
  const auto r = evaluated("{\"prompt\": \"1+1\", \"answer\": \"2\", \"kind\": \"sum\"}\n{\"prompt\": \"b\", \"kind\": \"word\"}\n", formed);
  CHECK(r.pass_at_1 == 1);
  CHECK(r.cons_at_k == 1);
  CHECK(r.num_prompts == 2);
  CHECK(r.num_skipped_prompts == 1);
  CHECK(r.to_json()["num_skipped_prompts"] == 1);
  CHECK(r.format.value() == 1);
  CHECK(rows.at(1)["is_right"] == true);
  CHECK(rows.at(2)["is_right"].is_null());
  const auto none = evaluated("{\"prompt\": \"a\"}\n{\"prompt\": \"b\"}\n", rewards);
  CHECK(none.to_json()["pass_at_1"].is_null());
  CHECK(none.num_skipped_prompts == 2);
}

TEST_CASE("evaluate: every sample becomes a row, in order") {
  const TempFolder folder;
  const auto prompts = prompts_of(folder, kRows);
  const rl::RewardSet rewards(accuracy_and_format(), 1);
  auto engine = engine_of({{{answer(2)}, {"so", FinishReason::length}}, {{answer(4)}, {answer(5)}}});
  std::vector<base::Json> rows;
  auto options = options_of(2, 2, 0);
  options.source = "sums";
  options.on_sample = [&](const base::Json& row) { rows.push_back(row); };
  rl::evaluate(engine, prompts, rewards, options);
  REQUIRE(rows.size() == 4);
  const base::Json expected = {{"source", "sums"}, {"prompt_id", 0}, {"sample", 0}, {"prompt", "1+1"}, {"completion", answer(2)}, {"answer", "2"},
                               {"extracted", "2"}, {"is_right", true}, {"reward", 1.5}, {"rewards", {{"accuracy", 1.0}, {"format", 1.0}}},
                               {"num_tokens", rows[0]["num_tokens"]}, {"finish_reason", "eos"}, {"difficulty", 2}};
  CHECK(rows[0] == expected);
  CHECK(rows[0]["num_tokens"] == tiny_tokenizer().encode(answer(2)).size() + 1);
  CHECK(rows[1]["finish_reason"] == "length");
  CHECK(rows[1]["extracted"] == "");
  CHECK(rows[3]["prompt_id"] == 1);
  CHECK(rows[3]["is_right"] == false);
}

}  // namespace lockstep::test
