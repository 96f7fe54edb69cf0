// SPDX-License-Identifier: Apache-2.0
// Templates: filled in one pass, with LaTeX and JSON left alone.
#include "rewards/text_template.h"

#include <doctest/doctest.h>

#include "tests/rewards/expect_error.h"

namespace lockstep::rewards {
namespace {

const std::vector<std::string> kNames = {"prompt", "answer"};

std::string filled(std::string_view text, std::string_view prompt, std::string_view answer) {
  return TextTemplate(text, kNames, "/t").fill({{"prompt", prompt}, {"answer", answer}});
}

}  // namespace

TEST_CASE("template: places are filled, all other braces stay") {
  CHECK(filled("{prompt}{answer}{prompt}", "p", "a") == "pap");
  CHECK(filled("\\boxed{{answer}} {\"x\": {}} {align} { prompt } {PROMPT} {", "p", "4") == "\\boxed{4} {\"x\": {}} {align} { prompt } {PROMPT} {");
  CHECK(filled("", "p", "a").empty());
  CHECK(TextTemplate("{answer}", kNames, "/t").uses("answer"));
  CHECK_FALSE(TextTemplate("answer {", kNames, "/t").uses("answer"));
}

TEST_CASE("template: what is filled in is never a template itself") {
  CHECK(filled("{prompt}|{answer}", "{answer}", "{prompt}") == "{answer}|{prompt}");
}

TEST_CASE("template: a slip names what was meant") {
  expect_error([] { TextTemplate("{promt}", kNames, "/t"); }, "the template has no place {promt}", "/t", "did you mean {prompt}? The places are: prompt, answer");
}

}  // namespace lockstep::rewards
