// SPDX-License-Identifier: Apache-2.0
// The table of samples: a terminal sees no control bytes of a model, and long texts keep both ends.
#include "rl/completions_table.h"

#include <doctest/doctest.h>

#include "base/text.h"

namespace lockstep::test {
namespace {

rewards::Combined two_rewards() {
  rewards::RewardConfig accuracy, format;
  format.type = "format";
  return rewards::Combined(std::vector<rewards::RewardConfig>{accuracy, format}, 1);
}

rl::TableSample sample(const std::string& prompt, const std::string& completion) {
  rl::TableSample out;
  out.prompt = prompt, out.completion = completion;
  out.parts = {{.value = 1}, {.status = rewards::Status::error}};
  out.reward = 1.25, out.advantage = -0.5;
  return out;
}

}  // namespace

TEST_CASE("completions table: control bytes of prompts and completions are escaped, UTF-8 stays whole") {
  const auto table = rl::completions_table("step 3", two_rewards(), {sample("a\033[31mred", "x\033]0;title\007\r\n\x7f\xff end")});
  for (char c : table) CHECK((c == '\n' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f)));
  CHECK(table.find("a\\x1b[31mred") != std::string::npos);
  CHECK(base::split(table, '\n').size() == 3);  // title, heads, one line per sample
  CHECK(base::is_utf8(table));
  std::string accents;
  for (int length = 0; length < 60; ++length) {
    accents += "\xc3\xa9\xe2\x82\xac";
    CHECK(base::is_utf8(rl::completions_table("t", two_rewards(), {sample(accents, cat("a", accents))})));
  }
}

TEST_CASE("completions table: a long text keeps its beginning and its end") {
  const std::string completion = "begins " + std::string(500, 'x') + " ends";
  const auto table = rl::completions_table("step 3", two_rewards(), {sample("p", completion)});
  CHECK(table.find("begins xxx") != std::string::npos);
  CHECK(table.find("xxx ends") != std::string::npos);
  CHECK(table.find("...") != std::string::npos);
  CHECK(table.size() < 400);
}

TEST_CASE("completions table: each reward's score or status, the reward and the advantage stand under their heads") {
  const auto lines = base::split(rl::completions_table("step 3", two_rewards(), {sample("p", "c")}), '\n');
  REQUIRE(lines.size() == 3);
  CHECK(lines[0] == "samples of step 3");
  for (const auto& [head, value] : std::vector<std::pair<std::string, std::string>>{
           {"accuracy", "1.00"}, {"format", "error"}, {"reward", "1.25"}, {"advantage", "-0.50"}, {"prompt", "p"}, {"completion", "c"}}) {
    CAPTURE(head);
    CHECK(lines[2].find(value, lines[1].find(head)) == lines[1].find(head));
  }
}

}  // namespace lockstep::test
