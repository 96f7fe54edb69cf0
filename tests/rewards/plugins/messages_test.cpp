// SPDX-License-Identifier: Apache-2.0
// Messages of plugins: what is written once, and that no answer, however wrong, gives anything but one score per sample.
#include "rewards/plugins/messages.h"

#include "tests/rewards/plugins/plugin_lab.h"

namespace lockstep::rewards::plugins {
namespace {

using base::Json;

std::vector<Score> read(const std::string& text, size_t num_samples = 2) {
  return read_scores(base::parse_json(text, "test"), num_samples);
}

}  // namespace

TEST_CASE("messages: the row of a group is written once, and text that is no UTF-8 is repaired") {
  Group group{.completions = {"a", "b\xFF", "c"}};
  const Json call = base::parse_json(call_text(group.samples()), "test");
  REQUIRE(call["rows"].size() == 1);
  CHECK(call["rows"][0]["columns"] == group.row);
  CHECK(call["rows"][0]["prompt"] == group.prompt);
  REQUIRE(call["samples"].size() == 3);
  CHECK(call["samples"][1]["completion"] == "b\xEF\xBF\xBD");
  CHECK(call["samples"][2]["ids"] == Json({7, 8, 9}));
  CHECK(call["samples"][2]["row"] == 0);
  const Group other{.completions = {"d"}, .prompt = "What?"};
  auto samples = group.samples();
  samples.push_back(other.samples()[0]);
  CHECK(base::parse_json(call_text(samples), "test")["rows"].size() == 2);
}

TEST_CASE("messages: values, skips, errors, metrics and extras are read") {
  const auto scores = read(
      R"({"scores": [{"value": 0.5, "metrics": {"a": 1}, "extras": {"t": "x", "n": [1]}, "answer": "42"}, {"skip": true}],
          "metrics": {"whole": 3}})");
  CHECK(scores[0].status == Status::ok);
  CHECK(scores[0].value == 0.5);
  CHECK(scores[0].answer == "42");
  CHECK(scores[0].metrics == std::map<std::string, double>{{"a", 1}, {"whole", 3}});
  CHECK(scores[0].extras == std::map<std::string, std::string>{{"t", "x"}, {"n", "[1]"}});
  CHECK(scores[1].status == Status::skip);
  CHECK(read(R"({"scores": [{"error": "bad"}, {"value": 1}]})")[0].detail == "bad");
}

TEST_CASE("messages: an answer as a whole that is wrong fails every sample and says why") {
  for (const auto& [text, why] : std::vector<std::pair<std::string, std::string>>{
           {"[]", "the answer is array"},
           {"{}", "the answer has no scores"},
           {R"({"scores": 1})", "the answer has no scores"},
           {R"({"scores": []})", "0 scores for 2 completions"},
           {R"({"scores": [{"value": 1}]})", "1 scores for 2 completions"},
           {R"({"scores": [{"value": 1}, {"value": 1}, {"value": 1}]})", "3 scores for 2 completions"},
           {R"({"error": "no luck"})", "no luck"},
           {R"({"scores": [{"value": 1}, {"value": 1}], "metrics": [1]})", "metrics must be"}}) {
    CAPTURE(text);
    const auto scores = read(text);
    REQUIRE(scores.size() == 2);
    for (const Score& score : scores) {
      CHECK(score.status == Status::error);
      CHECK(contains(score.detail, why));
    }
  }
}

TEST_CASE("messages: a score that is wrong is an error of its sample alone") {
  for (const char* bad : {"1", "null", "{}", R"({"value": "1"})", R"({"value": null})", R"({"value": true})", R"({"skip": 1})",
                          R"({"value": 1, "metrics": {"a": "b"}})", R"({"value": 1, "metrics": {"": 1}})",
                          R"({"value": 1, "extras": []})", R"({"value": [1]})"}) {
    CAPTURE(bad);
    const auto scores = read(cat(R"({"scores": [{"value": 1}, )", bad, "]}"));
    CHECK(scores[0].status == Status::ok);
    CHECK(scores[1].status == Status::error);
    CHECK_FALSE(scores[1].detail.empty());
  }
  Json many = {{"value", 1}};
  for (int i = 0; i < 65; ++i) many["metrics"][cat("m", i)] = 1;
  CHECK(read_scores({{"scores", {many}}}, 1)[0].status == Status::error);
  const Json wide = {{"value", 1}, {"metrics", {{std::string(129, 'm'), 1}}}};
  CHECK(read_scores({{"scores", {wide}}}, 1)[0].status == Status::error);
}

TEST_CASE("messages: long texts are cut at a character") {
  std::string text;
  for (size_t i = 0; i < 50000; ++i) text += "\xC3\xA9";
  const auto scores = read_scores({{"scores", {{{"value", 1}, {"detail", text}, {"extras", {{"t", text}}}}}}}, 1);
  CHECK(scores[0].detail.size() <= 4096 + 3);
  CHECK(scores[0].extras.at("t").size() <= kMaxTextBytes + 3);
  CHECK(base::is_utf8(scores[0].detail));
  CHECK(base::is_utf8(scores[0].extras.at("t")));
}

}  // namespace lockstep::rewards::plugins
