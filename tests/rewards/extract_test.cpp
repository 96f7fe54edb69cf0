// SPDX-License-Identifier: Apache-2.0
// Where the final answer of a completion is found, and where not.
#include "rewards/extract.h"

#include <doctest/doctest.h>

#include "tests/rewards/samples.h"

namespace lockstep::rewards {
namespace {

using Texts = std::vector<std::string_view>;

TEST_CASE("boxes: braces are counted, nested boxes belong to the outer one") {
  CHECK(find_boxes("so \\boxed{42}.") == Texts{"42"});
  CHECK(find_boxes("\\boxed{\\frac{1}{2}} and \\fbox{3}") == Texts{"\\frac{1}{2}", "3"});
  CHECK(find_boxes("\\boxed {5}") == Texts{"5"});
  CHECK(find_boxes("\\boxed{\\boxed{5}}") == Texts{"\\boxed{5}"});
  CHECK(find_boxes("\\boxed{\\{1, 2\\}}") == Texts{"\\{1, 2\\}"});
  CHECK(find_boxes("{ \\boxed{5}") == Texts{"5"});
  CHECK(find_boxes("} \\boxed{5} }") == Texts{"5"});
  CHECK(find_boxes("\\boxed{oops \\boxed{5}") == Texts{"5"});
  CHECK(find_boxes("\\boxed{5").empty());
  CHECK(find_boxes("\\boxed 5").empty());
  CHECK(find_boxes("boxed{5}").empty());
  CHECK(find_boxes("").empty());
  CHECK(find_boxes("\\").empty());
}

TEST_CASE("answer tags: pairs in order; nested, unclosed and unopened tags are malformed") {
  CHECK(find_answer_tags("<answer>1</answer> <answer> 2 </answer>").contents == Texts{"1", " 2 "});
  CHECK(find_answer_tags("<answer>1</answer>").is_well_formed);
  CHECK(find_answer_tags("no tags < here").is_well_formed);
  CHECK_FALSE(find_answer_tags("<answer>1").is_well_formed);
  CHECK_FALSE(find_answer_tags("1</answer>").is_well_formed);
  CHECK_FALSE(find_answer_tags("<answer>1<answer>2</answer>").is_well_formed);
  CHECK_FALSE(find_answer_tags("<answer>1</answer></answer>").is_well_formed);
}

std::string extracted(std::string_view completion, const ExtractRule& rule = {}, std::string_view prompt = "Q") {
  const Extraction found = extract_answer({.prompt = prompt, .completion = completion, .columns = nullptr}, rule);
  return found.answer ? *found.answer : "none: " + found.problem;
}

TEST_CASE("extraction: the answer comes after the thinking") {
  CHECK(extracted("<think>\\boxed{1}</think> so \\boxed{2}") == "2");
  CHECK(extracted("<think>\\boxed{1}</think> done") == "none: no answer found");
  CHECK(extracted("<think>\\boxed{1}") == "none: the thinking is not closed");
  CHECK(extracted("<answer>2</answer><think>x</think>") == "none: no answer found");
  CHECK(extracted("<think>x</think><answer>2</answer><think>more") == "none: the thinking is not closed");
  CHECK(extracted("plain \\boxed{2}") == "2");
}

TEST_CASE("extraction: a think block opened by the prompt must be closed") {
  CHECK(extracted("\\boxed{1}", {}, "Q\n<think>\n") == "none: the thinking is not closed");
  CHECK(extracted("hm</think>\\boxed{2}", {}, "Q\n<think>\n") == "2");
  CHECK(extracted("\\boxed{1}", {.think_open = "no"}, "Q\n<think>\n") == "1");
  CHECK(extracted("\\boxed{1}", {.think_open = "yes"}, "Q") == "none: the thinking is not closed");
}

TEST_CASE("extraction: the source decides between tags and boxes") {
  CHECK(extracted("<answer>1</answer> \\boxed{2}") == "1");
  CHECK(extracted("<answer>1</answer> \\boxed{2}", {.source = "boxed"}) == "2");
  CHECK(extracted("\\boxed{2}", {.source = "answer_tag"}) == "none: no answer found");
  CHECK(extracted("<answer> \\boxed{2} </answer>") == "2");
  CHECK(extracted("<answer> it is \\boxed{2} </answer>") == "it is \\boxed{2}");
  CHECK(extracted("<answer>\\boxed{1} \\boxed{2}</answer>") == "\\boxed{1} \\boxed{2}");
}

TEST_CASE("extraction: several answers, by each rule") {
  const char* differ = "\\boxed{1} \\boxed{2}";
  const char* same = "\\boxed{2} that is \\boxed{2.0}";
  CHECK(extracted(differ) == "none: several different answers");
  CHECK(extracted(same) == "2.0");
  CHECK(extracted(differ, {.answers = "last"}) == "2");
  CHECK(extracted(same, {.answers = "only"}) == "none: 2 answers instead of one");
  CHECK(extracted("<answer>1</answer><answer>2</answer>") == "none: several different answers");
  CHECK(extracted("<answer>1<answer>2</answer>") == "none: malformed <answer> tags");
  CHECK(extracted("<answer>1<answer>2</answer>", {.answers = "last"}) == "2");
  std::string many;
  for (int i = 0; i < 65; ++i) many += "\\boxed{1}";
  CHECK(extracted(many) == "none: 65 answers");
}

TEST_CASE("extraction: `only` looks at the whole completion, thinking or not") {
  const ExtractRule only{.source = "answer_tag", .answers = "only"};
  CHECK(extracted(" <think>maybe 4</think><answer>5</answer>", only) == "5");
  CHECK(extracted(" <answer>5</answer>", only) == "5");
  CHECK(extracted(" <think>maybe <answer>5</answer>", only) == "5");
  CHECK(extracted(" <answer>5</answer><answer>5</answer>", only) == "none: 2 answers instead of one");
  CHECK(extracted(" <answer>5", only) == "none: malformed <answer> tags");
}

}  // namespace
}  // namespace lockstep::rewards
