// SPDX-License-Identifier: Apache-2.0
// A reward model as a reward: the ids it scores, what becomes of a score, what is refused.
#include "rl/reward_model_reward.h"

#include <ATen/ops/scalar_tensor.h>
#include <c10/core/GradMode.h>

#include <cmath>

#include "rewards/combined.h"
#include "rl/scoring.h"
#include "tests/rl/tiny_reward_model.h"
#include "tests/support/errors.h"
#include "tests/support/fake_engine.h"

namespace lockstep::test {
namespace {

using Ids = std::vector<model::TokenId>;
using rewards::Status;

struct Lab {
  TempFolder folder;
  std::string path = write_reward_model(folder);
  model::Transformer model = model::load_transformer(model::open_reward_model(path), {});

  std::unique_ptr<rewards::Reward> make(base::Json options = base::Json::object(), const model::Tokenizer* policy = &tiny_tokenizer()) const {
    options["model"] = path;
    return rewards::make_reward({.type = "reward_model", .options = options}, 0, "/rewards/0", {rl::reward_model_type(policy)});
  }

  double score_of(Ids ids) const {
    const c10::NoGradGuard no_grad;
    const auto last = at::scalar_tensor(static_cast<int64_t>(ids.size()) - 1, at::kLong).view({1});
    return model::reward_scores(model, model::make_batch({{std::move(ids), -1}}, at::kCPU), last).item<double>();
  }
};

Ids encode(const std::string& text, bool with_end = false) {
  auto ids = tiny_tokenizer().encode(text);
  if (with_end) ids.push_back(*tiny_tokenizer().eos_id());
  return ids;
}

Ids joined(Ids a, const Ids& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// Completions of one prompt whose views live as long as this.
struct Group {
  std::string prompt = "1+1=?";
  base::Json row = {{"prompt", prompt}};
  Ids prompt_ids = encode(prompt);
  std::vector<std::string> texts;
  std::vector<Ids> ids;

  explicit Group(std::vector<std::string> completions) : texts(std::move(completions)) {
    for (const auto& text : texts) ids.push_back(encode(text, true));
  }
  std::vector<rewards::Sample> samples() const {
    std::vector<rewards::Sample> out;
    for (size_t i = 0; i < texts.size(); ++i)
      out.push_back({prompt, texts[i], &row, true, static_cast<int64_t>(ids[i].size()), ids[i], prompt_ids});
    return out;
  }
};

std::vector<double> values_of(const std::vector<rewards::Score>& scores) {
  std::vector<double> out;
  for (const auto& score : scores) {
    REQUIRE(score.status == Status::ok);
    out.push_back(score.value);
  }
  return out;
}

const Group kGroup({"2", "wait 3", "a word 4"});

}  // namespace

TEST_CASE("reward model reward: scores the policy's very ids, a group as its samples one by one") {
  const Lab lab;
  const auto reward = lab.make();
  CHECK(reward->name() == "reward_model");
  CHECK_FALSE(reward->scores_each_alone());
  auto samples = kGroup.samples();
  const auto values = values_of(reward->score_batch(samples));
  for (size_t i = 0; i < samples.size(); ++i) {
    CHECK(values[i] == lab.score_of(joined(kGroup.prompt_ids, kGroup.ids[i])));
    CHECK(reward->score(samples[i]).value == values[i]);
  }
  CHECK(values_of(lab.make({{"max_tokens", 16}})->score_batch(samples)) == values);
  // Not the text, where there are ids: another segmentation of it is another sequence.
  const Ids letters = joined(encode("w"), joined(encode("ait"), encode(" 3", true)));
  samples[1].ids = letters;
  CHECK(reward->score(samples[1]).value == lab.score_of(joined(kGroup.prompt_ids, letters)));
}

TEST_CASE("reward model reward: with a prompt format of its own it writes the texts out, and gives a cut completion no end") {
  const Lab lab;
  const auto raw = lab.make({{"prompt", base::Json::object()}}), none = lab.make(base::Json::object(), nullptr);
  auto sample = kGroup.samples()[1];
  CHECK(raw->score(sample).value == lab.score_of(joined(kGroup.prompt_ids, kGroup.ids[1])));
  sample.ids = {};
  sample.prompt_ids = {};
  CHECK(none->score(sample).value == raw->score(sample).value);
  sample.is_terminated = false;
  CHECK(raw->score(sample).value == lab.score_of(joined(kGroup.prompt_ids, encode("wait 3"))));
  sample.is_terminated = true;
  sample.columns = nullptr;
  CHECK(raw->score(sample).value == lab.score_of(joined(kGroup.prompt_ids, kGroup.ids[1])));
  const base::Json messages = {{"prompt", {{{"role", "system"}, {"content", "User: "}}, {{"role", "user"}, {"content", "1+1=?"}}}}};
  sample.columns = &messages;
  CHECK(raw->score(sample).value == lab.score_of(joined(joined(encode("User: "), kGroup.prompt_ids), kGroup.ids[1])));
}

TEST_CASE("reward model reward: normalising and clipping, and the score itself as a metric") {
  const Lab lab;
  const auto samples = kGroup.samples();
  const auto plain = values_of(lab.make()->score_batch(samples));
  const auto squashed = lab.make({{"normalize", "sigmoid"}})->score_batch(samples);
  for (size_t i = 0; i < plain.size(); ++i) {
    CHECK(squashed[i].value == doctest::Approx(1 / (1 + std::exp(-plain[i]))));
    CHECK(squashed[i].metrics.at("score") == plain[i]);
  }
  const auto batch = values_of(lab.make({{"normalize", "batch"}})->score_batch(samples));
  double sum = 0, squares = 0;
  for (const double value : batch) sum += value, squares += value * value;
  CHECK(std::abs(sum) < 1e-9);
  CHECK(squares / 2 == doctest::Approx(1).epsilon(0.05));
  CHECK((batch[0] > batch[1]) == (plain[0] > plain[1]));
  CHECK(lab.make({{"normalize", "batch"}})->score(samples[0]).value == 0);
  const double bound = std::abs(plain[0]) / 2;
  const auto clipped = lab.make({{"clip", bound}})->score_batch(samples);
  CHECK(std::abs(clipped[0].value) == bound);
  CHECK(clipped[0].metrics.at("score") == plain[0]);
  CHECK(lab.make()->score(samples[0]).metrics.empty());
}

TEST_CASE("reward model reward: a sequence that does not fit is its own sample's error") {
  const Lab lab;
  Group group({"2", std::string(200, '3'), "4"});
  const auto scores = lab.make()->score_batch(group.samples());
  CHECK(scores[0].status == Status::ok);
  CHECK(scores[1].status == Status::error);
  CHECK(scores[1].detail.find("the reward model has 64 positions") != std::string::npos);
  CHECK(scores[2].value == lab.score_of(joined(group.prompt_ids, group.ids[2])));
}

TEST_CASE("reward model reward: in a rollout it sees prompt and completion as they were drawn, whatever the order and the threads") {
  const Lab lab;
  rl::PromptSource source;
  source.file = lab.folder.write("rows.jsonl", "{\"prompt\": \"1+1\"}\n{\"prompt\": \"2+2\"}\n");
  const rl::PromptSet set(source, /*is_eval=*/true, {}, tiny_tokenizer(), 1);
  FakeEngine engine([](const rollout::Request& request, int sample, uint64_t) {
    rollout::Completion out;
    out.ids = encode(cat(request.prompt_id, " word ", sample), true);
    out.logprobs.assign(out.ids.size(), -1.0f);
    out.finish = rollout::FinishReason::eos;
    return out;
  });
  const rl::RewardSet rewards({{.type = "reward_model", .name = "liked", .options = {{"model", lab.path}}}, {.type = "format", .weight = 0}}, 1,
                              &tiny_tokenizer());
  CHECK(rewards.combined.name(0) == "liked");
  const auto out = rl::run_rollout(engine, set, set.slice(0, 2), 3, {}, rewards, 1);
  for (size_t p = 0; p < 2; ++p)
    for (size_t s = 0; s < 3; ++s)
      CHECK(out.scores[p].samples[s].reward.value == lab.score_of(joined(out.prompts[p].ids, out.groups[p].completions[s].ids)));
}

TEST_CASE("reward model reward: what is refused, and what a misspelt type is told") {
  const Lab lab;
  const auto more = std::vector<rewards::RewardType>{rl::reward_model_type(nullptr)};
  const auto make = [&](const base::Json& options) { rewards::make_reward({.type = "reward_model", .options = options}, 0, "/rewards/2", more); };
  check_error([&] { make(base::Json::object()); }, "no reward model is named", "/rewards/2/options/model", "runs/rm/model");
  check_error([&] { make({{"model", lab.folder.path("lm")}}); }, "the model is not a reward model", "/architectures", "ForSequenceClassification");
  check_error([&] { make({{"model", lab.path}, {"normalise", "batch"}}); }, "unknown key", "/rewards/2/options", "normalize");
  check_error([&] { make({{"model", lab.path}, {"normalize", "rank"}}); }, "rank", "/rewards/2/options/normalize", "batch");
  check_error([&] { make({{"model", std::string(LOCKSTEP_SOURCE_DIR) + "/tests/fixtures/reward_model/llama"}}); }, "the reward model has no tokenizer",
              "reward_model/llama", "tokenizer.json");
  check_error([&] { rewards::make_reward({.type = "reward_mode"}, 0, "/rewards/2", more); }, "unknown reward type", "/rewards/2/type", "\"reward_model\"");
  check_error([&] { rewards::make_reward({.type = "quite_another"}, 0, "/rewards/2", more); }, "unknown reward type", "/rewards/2/type", ", reward_model");
  check_error([&] { rewards::make_reward({.type = "reward_model"}, 0, "/rewards/2"); }, "unknown reward type", "/rewards/2/type", "the types are");
  const auto other = model::train_tokenizer({"quite other texts", "and words"}, {.vocab_size = 280});
  check_error([&] { lab.make(base::Json::object(), other.get()); }, "vocabulary is not the policy's", "/rewards/0/options/prompt", "name the format");
  CHECK_NOTHROW(lab.make({{"prompt", base::Json::object()}}, other.get()));
  CHECK(rewards::reward_reference(more).find("reward_model: the score of a trained reward model") != std::string::npos);
  CHECK(rewards::reward_reference().find("reward_model:") == std::string::npos);
  CHECK(base::visited<rl::RewardModelOptions>() == base::arity<rl::RewardModelOptions>());
}

}  // namespace lockstep::test
