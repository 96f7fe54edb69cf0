// SPDX-License-Identifier: Apache-2.0
// JSON: what is refused, and where the Error says it is.
#include "base/json.h"

#include <doctest/doctest.h>

#include "base/json_diff.h"
#include "base/rng.h"
#include "base/text.h"
#include "tests/base/error_of.h"

namespace lockstep::base {
namespace {

Error refusal(std::string_view text, const JsonLimits& limits = {}) {
  return error_of([&] { parse_json(text, "x.json", limits); });
}

TEST_CASE("json: values of every kind, and the order of keys, survive") {
  const std::string text =
      R"({"z":1,"a":[true,false,null,-3,2.5,"s\u00e9\n"],"m":{},"e":[],"big":18446744073709551615})";
  CHECK(parse_json(text, "x").dump() == Json::parse(text).dump());
  CHECK(parse_json("  7 ", "x") == 7);
  CHECK(parse_json("\"\"", "x") == "");
  CHECK(parse_json("\xef\xbb\xbf[1]", "x").dump() == "[1]");  // a byte order mark is skipped
}

TEST_CASE("json: numbers keep their kind") {
  const Json json = parse_json("[1, -1, 1.0, 1e2, 9223372036854775808, 100000000000000000000]", "x");
  CHECK(json[0].is_number_unsigned());
  CHECK(json[1].is_number_integer());
  CHECK_FALSE(json[1].is_number_unsigned());
  CHECK(json[2].is_number_float());
  CHECK(json[3].is_number_float());
  CHECK(json[4].is_number_unsigned());
  CHECK(json[5].is_number_float());  // above 64 bits: model files write 1e30 in full
}

TEST_CASE("json: a duplicate key is refused at its second place") {
  const Error error = refusal("{\n  \"n\": 1,\n  \"m\": {},\n  \"n\": 5\n}");
  CHECK(error.what_happened() == "duplicate key \"n\"");
  CHECK(error.where() == "x.json:4:3");
  CHECK(error.fix() == "keep one of the two");
  CHECK(refusal(R"({"a":[{"b\"\\":1,"b\"\\":2}]})").where() == "x.json:1:18");
  CHECK(contains(refusal(R"({"\u0061":1,"a":2})").what_happened(),
                 "duplicate key"));  // the same name, written twice
  CHECK(parse_json(R"({"a":{"a":1},"b":{"a":2}})", "x").size() == 2);
}

TEST_CASE("json: an object of 200,000 keys is parsed in well under quadratic time") {
  std::string text = "{";
  for (int i = 0; i < 200'000; ++i) text += cat(i == 0 ? "" : ",", "\"token", i, "\":", i);
  const Json json = parse_json(text + "}", "x");
  CHECK(json.size() == 200'000);
  CHECK(json.begin().key() == "token0");
}

TEST_CASE("json: malformed text is refused with line and column") {
  const std::pair<const char*, const char*> cases[] = {
      {"", "x.json:1:1"},           {"{\"a\": }", "x.json:1:7"},   {"[1, 2,]", "x.json:1:7"},
      {"[1] 2", "x.json:1:5"},      {"{\n\"a\" 1}", "x.json:2:5"}, {"[NaN]", "x.json:1:2"},
      {"[Infinity]", "x.json:1:2"}, {"# c\n1", "x.json:1:1"},      {"'a'", "x.json:1:1"},
      {"[1", "x.json:1:3"}};
  for (const auto& [text, where] : cases) {
    CAPTURE(text);
    const Error error = refusal(text);
    CHECK(contains(error.what_happened(), "JSON is not valid: "));
    CHECK(error.where() == where);
    CHECK(error.fix() == "correct the JSON text at this place");
  }
}

TEST_CASE("json: numbers out of range, ill-formed UTF-8, lone surrogates and raw control bytes are refused") {
  CHECK(contains(refusal("[1e400]").what_happened(), "number overflow"));
  CHECK(contains(refusal("[-1e400]").what_happened(), "number overflow"));
  for (const char* text : {"\"\xff\"", "\"\xc0\x80\"", "\"\xed\xa0\x80\"", "{\"\xff\":1}"}) {
    CHECK(contains(refusal(text).what_happened(), "UTF-8"));
  }
  CHECK(contains(refusal(R"("\ud800")").what_happened(), "surrogate"));
  CHECK(contains(refusal("\"\x1b[2J\"").what_happened(), "JSON is not valid"));
}

TEST_CASE("json: an Error about hostile text holds no control characters") {
  const std::string what = refusal("[\"\x1b[2J\", \x1b]").what_happened();
  CHECK(what == printable(what));
}

TEST_CASE("json: damaged text is refused as nlohmann refuses it, and never more than an Error") {
  const std::string whole =
      R"({"a": [1, -2.5e3, "s\u00e9\n", {"b": null}], "c": {"d": true, "e": [[], {}]}, "f": "\ud83d\ude00"})";
  Random random(1, "json damage");
  int accepted = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string text = whole;
    for (int64_t edits = random.between(1, 3); edits > 0; --edits) {
      const size_t at = random.below(text.size());
      if (random.chance(0.5)) {
        text[at] =
            static_cast<char>(random.chance(0.5) ? random.below(256) : random.pick(std::string_view("{}[],:\"0")));
      } else {
        text.erase(at, random.below(4) + 1);
      }
      if (text.empty()) text.push_back('x');
    }
    CAPTURE(text);
    Json parsed;
    const Error error = error_of([&] { parsed = parse_json(text, "x.json"); });
    const bool is_accepted = error.what_happened() == "nothing was thrown";
    const bool is_duplicate = contains(error.what_happened(), "duplicate key");
    CHECK(Json::accept(text) == (is_accepted || is_duplicate));
    if (is_accepted) CHECK(parsed == Json::parse(text));
    CHECK(is_utf8(error.what_happened()));
    accepted += is_accepted;
  }
  CHECK(accepted > 100);  // some damage leaves JSON
}

TEST_CASE("json: comments are refused unless asked for, and never found inside strings") {
  const std::string text = "{ // line\n \"url\": \"http://x/*y*/\" /* block */ }";
  CHECK(contains(refusal(text).what_happened(), "JSON is not valid"));
  CHECK(parse_json(text, "x", {.comments = true})["url"] == "http://x/*y*/");
  CHECK(contains(refusal("1 /* open", {.comments = true}).what_happened(), "comment"));
}

TEST_CASE("json: depth and size are bounded") {
  const auto nested = [](size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  CHECK(parse_json(nested(64), "x").is_array());
  const Error deep = refusal(nested(65));
  CHECK(deep.what_happened() == "JSON is nested deeper than 64 levels");
  CHECK(deep.where() == "x.json:1:65");
  CHECK(deep.fix() == "flatten the document");
  CHECK(contains(refusal(std::string(10'000'000, '[')).what_happened(), "deeper"));

  const Error large = refusal("[1,2,3]", {.max_bytes = 6});
  CHECK(large.what_happened() == "JSON text of 7 bytes is larger than the limit of 6");
  CHECK(large.where() == "x.json");
  CHECK(large.fix() == "split the document");
}

TEST_CASE("json: the first difference is a pointer, and the order of keys is none") {
  const auto difference = [](const char* a, const char* b) { return first_difference(parse_json(a, "a"), parse_json(b, "b")); };
  CHECK(difference(R"({"a": 1, "b": [2, {"c": 3}]})", R"({"b": [2, {"c": 3}], "a": 1})").empty());
  CHECK(difference(R"({"a": 1, "b": [2, {"c": 3}]})", R"({"b": [2, {"c": 4}], "a": 1})") == "/b/1/c");
  CHECK(difference(R"({"a": 1})", R"({"a": 1, "b": null})") == "/b");
  CHECK_FALSE(difference("[1]", "[\"1\"]").empty());
}

TEST_CASE("json: a missing file is an Error that names it") {
  const Error error = error_of([] { parse_json_file("no/such.json"); });
  CHECK(contains(error.what_happened(), "No such file"));
  CHECK(error.where() == "no/such.json");
  CHECK(error.fix() == "check the path");
}

}  // namespace
}  // namespace lockstep::base
