// SPDX-License-Identifier: Apache-2.0
// The needle stands where it was asked for, once, in text of the asked length; the gold answer is read from the prompt.
#include "rewards/tasks/needle.h"

#include <doctest/doctest.h>
#include <re2/re2.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "rewards/tasks/task.h"
#include "tests/rewards/expect_error.h"

namespace lockstep::rewards {
namespace {

using base::Json;

int64_t count_words(const std::string& text) {
  int64_t words = 0;
  for (const auto& word : base::split(text, ' ')) words += !word.empty();
  return words;
}

// The texts before and behind the needle.
std::pair<std::string, std::string> around(const NeedleText& text, bool is_terse) {
  const std::string needle = is_terse ? cat("Key ", text.key, ".") : cat("The pass key is ", text.key, ". Remember it.");
  const size_t at = text.haystack.find(needle);
  REQUIRE(at != std::string::npos);
  CHECK(text.haystack.find(text.key, at + needle.size()) == std::string::npos);
  return {text.haystack.substr(0, at), text.haystack.substr(at + needle.size())};
}

}  // namespace

TEST_CASE("needle: it stands once, at its depth, in filler of the asked number of words") {
  for (const bool is_terse : {true, false})
    for (const int64_t words : {0, 1, 7, 100})
      for (const double depth : {0.0, 0.25, 0.5, 1.0})
        for (uint64_t key = 0; key < 10; ++key) {
          const auto [before, behind] = around(needle_text(key, words, depth, 5, is_terse), is_terse);
          CHECK(count_words(before) == std::llround(depth * static_cast<double>(words)));
          CHECK(count_words(before) + count_words(behind) == words);
        }
}

TEST_CASE("needle: filler does not depend on depth, and that of fewer words begins that of more") {
  const auto filler = [](int64_t words, double depth) {
    const auto [before, behind] = around(needle_text(4, words, depth, 5, true), true);
    return std::string(base::trim(before)) + (before.empty() || behind.empty() ? "" : " ") + std::string(base::trim(behind));
  };
  for (const double depth : {0.0, 0.3, 1.0}) CHECK(filler(80, depth) == filler(80, 0.5));
  CHECK(filler(120, 0.5).starts_with(filler(80, 0.5)));
}

TEST_CASE("needle: keys have their digits, do not begin with 0, and differ") {
  std::vector<std::string> keys;
  for (uint64_t key = 0; key < 200; ++key)
    for (const int64_t digits : {1, 5, 18}) {
      const auto text = needle_text(key, 3, 0.5, digits, true);
      CHECK(static_cast<int64_t>(text.key.size()) == digits);
      CHECK(text.key.front() != '0');
      if (digits == 5) keys.push_back(text.key);
    }
  std::sort(keys.begin(), keys.end());
  CHECK(std::unique(keys.begin(), keys.end()) - keys.begin() > 195);
}

TEST_CASE("needle: the task's answer is the number of the prompt, in words and in characters") {
  static const RE2 number("(\\d+)");
  for (const char* style : {"dialogue", "question"})
    for (const char* unit : {"words", "characters"}) {
      const Task task("needle", {{"style", style}, {"unit", unit}, {"min_length", 60}, {"max_length", 300}, {"digits", 7}});
      for (uint64_t index = 0; index < 50; ++index) {
        const Json row = task.make(2, Split::train, index);
        const auto prompt = row["prompt"].get<std::string>();
        std::string found;
        REQUIRE(RE2::PartialMatch(prompt, number, &found));
        CHECK(found == row["answer"]);
        CHECK(found.size() == 7);
        const auto length = row["difficulty"].get<int64_t>();
        CHECK(length >= 60);
        CHECK(length <= 300);
        if (std::string(unit) != "characters" || std::string(style) != "dialogue") continue;
        // "User: " and " Key?\nAssistant:" stand around the haystack; a word has at most 7 characters with space and stop.
        const auto haystack = static_cast<int64_t>(prompt.size()) - 6 - 16;
        CHECK(haystack <= length);
        CHECK(haystack > length - 8);
      }
    }
}

TEST_CASE("needle: depths are drawn between the bounds, which are checked") {
  const Task task("needle", {{"style", "dialogue"}, {"min_length", 100}, {"max_length", 100}, {"min_depth", 0.4}, {"max_depth", 0.6}});
  int64_t least = 100, most = 0;
  for (uint64_t index = 0; index < 200; ++index) {
    const auto prompt = task.make(0, Split::train, index)["prompt"].get<std::string>();
    const int64_t before = count_words(prompt.substr(0, prompt.find("Key "))) - 1;  // less "User:"
    least = std::min(least, before);
    most = std::max(most, before);
  }
  CHECK(least >= 40);
  CHECK(least <= 42);
  CHECK(most <= 60);
  CHECK(most >= 58);
  expect_error([] { Task("needle", {{"min_depth", 0.8}, {"max_depth", 0.2}}); }, "min_depth = 0.8 is above max_depth = 0.2", "task needle", "raise max_depth");
}

}  // namespace lockstep::rewards
