// SPDX-License-Identifier: Apache-2.0
// Finding the final answer: which source counts, how boxes join, what is no answer.
#include "rewards/math/extract.h"

#include <doctest/doctest.h>

#include "base/text.h"

namespace lockstep::rewards::math {
namespace {

std::string answer(std::string_view text, const ExtractOptions& options = {}) {
  return extract(text, options).answer.value_or("(none)");
}

TEST_CASE("extract: sources in their order, the first that finds something decides") {
  const char* all = "\\boxed{1} #### 2\nThe answer is 3. <answer>4</answer> $5$ 6";
  CHECK(answer(all) == "4");
  CHECK(answer(all, {.sources = {"boxed", "answer_tag"}}) == "1");
  CHECK(answer(all, {.sources = {"hashes"}}) == "2");
  CHECK(answer(all, {.sources = {"final_answer"}}) == "3");
  CHECK(answer(all, {.sources = {"last_formula"}}) == "5");
  CHECK(answer(all, {.sources = {"last_number"}}) == "6");
  CHECK(answer("nothing here") == "(none)");
  CHECK(extract("nothing here", {}).problem == "no answer found");
}

TEST_CASE("extract: boxes, with braces counted") {
  CHECK(answer("so \\boxed{\\frac{1}{2}}.") == "\\frac{1}{2}");
  CHECK(answer("\\boxed{\\{1, 2\\}}") == "\\{1, 2\\}");
  CHECK(answer("\\fbox{5}") == "5");
  CHECK(answer("\\boxed{\\boxed{5}}") == "5");
  CHECK(answer("$\\boxed 5$ is it") == "5");
  CHECK(answer("\\boxed{3} is not it, as we have seen above; it is \\boxed{4}") == "4");
  CHECK(answer("Put it in \\boxed{}. The answer is 7.") == "7");
  CHECK(answer("\\boxed{\\frac{1}{2}") == "(none)");
}

TEST_CASE("extract: neighbouring boxes join, others do not") {
  CHECK(answer("\\boxed{1} and \\boxed{-2}") == "1, -2");
  CHECK(answer("either $\\boxed{1}$, $\\boxed{2}$ or also $\\boxed{3}$") == "1, 2, 3");
  CHECK(answer("\\boxed{1}\\boxed{2}") == "1, 2");
  CHECK(answer("\\boxed{1} no no no no no \\boxed{2}") == "2");
  CHECK(answer("\\boxed{1}, \\boxed{1}") == "1");
  CHECK(answer("\\boxed{1} and \\boxed{2}", {.boxes = "last"}) == "2");
  CHECK(answer("\\boxed{1} and \\boxed{2}", {.boxes = "agree"}) == "(none)");
  CHECK(extract("\\boxed{1} and \\boxed{2}", {.boxes = "agree"}).problem == "several different boxes");
  CHECK(answer("\\boxed{\\frac12} then \\boxed{0.5}", {.boxes = "agree"}) == "0.5");
}

TEST_CASE("extract: a box that is taken back does not join the one that replaces it") {
  for (const char* words : {". Wait, no: ", ", no, ", " - oops, ", ", or rather ", ", actually, that's wrong, so ",
                            ". Hmm, that is not right, and we get ", " wait "}) {
    CHECK_MESSAGE(answer(cat("\\boxed{3}", words, "\\boxed{4}")) == "4", words);
    CHECK_MESSAGE(answer(cat("$\\boxed{3}$", words, "$\\boxed{4}$ and $\\boxed{5}$")) == "4, 5", words);
  }
  // Words that only hold such a word are none.
  CHECK(answer("\\boxed{3}, known too, \\boxed{4}") == "3, 4");
  // The rejected one is neither the answer nor part of it: a list that equals neither of the two.
  for (const char* words : {", not ", ", and not $", " rather than ", " instead of **"}) {
    CHECK_MESSAGE(answer(cat("\\boxed{3}", words, "\\boxed{4}")) == "3, 4", words);
  }
}

TEST_CASE("extract: sentences that announce the answer") {
  CHECK(answer("The final answer is 42.") == "42");
  CHECK(answer("The final answer is $\\frac{1}{2}$. I hope it is correct.") == "\\frac{1}{2}");
  CHECK(answer("**Final Answer:** 3.5 meters") == "3.5 meters");
  CHECK(answer("Final Answer: **73**") == "73");
  CHECK(answer("**Final Answer**\n\n\\[ x = 3 \\]") == " x = 3 ");
  CHECK(answer("Final Answer: The largest $n$ is 34.") == "34");
  CHECK(answer("So the answer is $12$ and $13$.") == "12, 13");
  CHECK(answer("Answer: (B)") == "(B)");
  CHECK(answer("The answer is 1. No: the answer is 2.") == "2");
  CHECK(answer("The answer depends on x. The price is 5.") == "(none)");
  CHECK(answer("#### 1,234\n") == "1,234");
}

TEST_CASE("extract: only what stands after the thinking counts") {
  CHECK(answer("<think>\\boxed{5}</think> The answer is \\boxed{7}") == "7");
  CHECK(answer("<think>\\boxed{5}</think> no box") == "(none)");
  CHECK(answer("<think>\\boxed{5}") == "(none)");
  CHECK(extract("<think>\\boxed{5}", {}).problem == "the thinking is not closed");
  CHECK(answer("\\boxed{5}", {.is_think_open = true}) == "(none)");
  CHECK(answer("and so</think>\\boxed{5}", {.is_think_open = true}) == "5");
  CHECK(answer("<answer>8</answer>") == "8");
  CHECK(answer("<answer> \\boxed{8} </answer>") == "8");
}

TEST_CASE("extract: a number inside a word is no number") {
  const ExtractOptions numbers = {.sources = {"last_number"}};
  CHECK(answer("AZYUK2A", numbers) == "(none)");
  CHECK(answer("it is 10, or 1,000.99 in all", numbers) == "1,000.99");
  CHECK(answer("about -3/4 of it", numbers) == "-3/4");
}

}  // namespace
}  // namespace lockstep::rewards::math
