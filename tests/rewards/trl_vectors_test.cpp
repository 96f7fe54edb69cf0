// SPDX-License-Identifier: Apache-2.0
// Built-ins against TRL's own functions and open-r1's patterns, on recorded vectors (tests/fixtures/make_trl_reward_fixtures.py).
#include <doctest/doctest.h>

#include "rewards/format_presets.h"
#include "rewards/length.h"
#include "rewards/registry.h"
#include "rewards/repetition.h"
#include "tests/rewards/samples.h"

namespace lockstep::rewards {
namespace {

const base::Json& fixture() {
  static const base::Json json = base::parse_json_file(LOCKSTEP_SOURCE_DIR "/tests/fixtures/rewards/trl.json");
  return json;
}

}  // namespace

TEST_CASE("trl vectors: the format presets give the verdicts of the projects they are named for") {
  for (const char* preset : {"trl", "open_r1", "tag_count", "logic_rl", "tinyzero"}) {
    const auto format = make_reward({.type = "format", .options = {{"preset", preset}}}, 0, "/r");
    int64_t num_passed = 0;
    for (const base::Json& row : fixture()["format"]) {
      const std::string& text = row["text"].get_ref<const std::string&>();
      const double value = score_text(*format, text, gold("42")).value;
      CHECK_MESSAGE(value == row[preset].get<double>(), preset, ": ", row["text"].dump());
      num_passed += value > 0 ? 1 : 0;
    }
    CHECK(num_passed > 5);
  }
}

TEST_CASE("trl vectors: soft overlong") {
  for (const base::Json& row : fixture()["soft_overlong"]) {
    for (size_t i = 0; i < row["lengths"].size(); ++i) {
      CHECK(soft_overlong(row["lengths"][i], row["max_completion_len"], row["soft_punish_cache"]) == row["values"][i].get<double>());
    }
  }
}

TEST_CASE("trl vectors: cosine, through the accuracy reward") {
  for (const base::Json& row : fixture()["cosine"]) {
    base::Json options = {{"rule", "cosine"}, {"max_len", 100}};
    options.update(row["bounds"]);
    const auto reward = make_reward({.type = "length", .options = options}, 0, "/r");
    const base::Json columns = gold("42");
    const std::string completion = row["completion"];
    for (size_t i = 0; i < row["lengths"].size(); ++i) {
      const Score score = reward->score({.completion = completion, .columns = &columns, .num_tokens = row["lengths"][i]});
      CHECK(score.value == doctest::Approx(row["values"][i].get<double>()).epsilon(1e-12));
    }
  }
}

TEST_CASE("trl vectors: repetition over token ids") {
  for (const base::Json& row : fixture()["repetition"]) {
    const Repetition reward("repetition", {.ngram_size = row["ngram_size"], .max_penalty = row["max_penalty"], .unit = "auto"});
    for (size_t i = 0; i < row["ids"].size(); ++i) {
      const auto ids = row["ids"][i].get<std::vector<int32_t>>();
      const base::Json columns = gold("42");
      const Score score = reward.score({.completion = ids.empty() ? "" : "some text", .columns = &columns, .ids = ids});
      CHECK(score.value == doctest::Approx(row["values"][i].get<double>()).epsilon(1e-12));
    }
  }
}

}  // namespace lockstep::rewards
