// SPDX-License-Identifier: Apache-2.0
// Loading is strict: every trap that silently changed a value is an Error with its JSON path.
#include <doctest/doctest.h>

#include "base/config.h"
#include "tests/base/error_of.h"
#include "tests/base/sample_config.h"

namespace lockstep::base {
namespace {

Error refusal(std::string_view text) {
  return error_of([&] {
    SampleConfig config;
    load(parse_json(text, "x.json"), config);
  });
}

TEST_CASE("config load: an unknown key is named with the nearest known one") {
  const Error error = refusal(R"({"grpo": {"gruop_size": 4}})");
  CHECK(error.what_happened() == "unknown key \"gruop_size\"");
  CHECK(error.where() == "/grpo/gruop_size");
  CHECK(error.fix() == "did you mean \"group_size\"?");
  const Error far = refusal(R"({"grpo": {"temperature": 1}})");
  CHECK(far.fix() == "remove it; the keys here are: group_size, kl_coef, loss_type");
  CHECK(refusal(R"({"teacher": {"kl_coeff": 1}})").where() == "/teacher/kl_coeff");
  CHECK(refusal(R"({"stages": [{}, {"kl_coeff": 1}]})").where() == "/stages/1/kl_coeff");
  CHECK(refusal(R"({"a/b~c": 1})").where() == "/a~1b~0c");
  CHECK(refusal("{\"\\u001b[2J\": 1}").what_happened() == "unknown key \"\\u001b[2J\"");
  CHECK(refusal("{\"\\u001b[2J\": 1}").where() == "/\\x1b[2J");
}

TEST_CASE("config load: a whole number that the type cannot hold is refused before it is narrowed") {
  struct Case {
    const char *text, *where, *range;
  };
  for (const Case& c : {Case{R"({"count": 4294967298})", "/count", "from -2147483648 to 2147483647"},
                        Case{R"({"count": 2147483648})", "/count", "from -2147483648 to 2147483647"},
                        Case{R"({"count": -2147483649})", "/count", "from -2147483648 to 2147483647"},
                        Case{R"({"count": 18446744073709551615})", "/count", "from -2147483648 to 2147483647"},
                        Case{R"({"seed": -1})", "/seed", "from 0 to 18446744073709551615"},
                        Case{R"({"steps": 9223372036854775808})", "/steps", "from -9223372036854775808 to"}}) {
    CAPTURE(c.text);
    const Error error = refusal(c.text);
    CHECK(contains(error.what_happened(), cat("expected a whole number ", c.range)));
    CHECK(error.where() == c.where);
    CHECK(error.fix() == "write a number in that range");
  }
  SampleConfig config;
  load(parse_json(R"({"count": -2147483648, "seed": 18446744073709551615, "steps": -9223372036854775808})", "x"),
       config);
  CHECK(config.count == INT32_MIN);
  CHECK(config.seed == UINT64_MAX);
  CHECK(config.steps == INT64_MIN);
}

TEST_CASE("config load: fractions, exponents, text and switches are no whole numbers") {
  for (const char* value : {"1.9", "1.0", "1e3", "100000000000000000000", "\"1\"", "true", "null", "[1]", "{}"}) {
    CAPTURE(value);
    const Error error = refusal(cat("{\"count\": ", value, "}"));
    CHECK(contains(error.what_happened(), "expected a whole number, found "));
    CHECK(error.where() == "/count");
    CHECK(error.fix() == "write digits without point, exponent or quotes");
  }
  CHECK(refusal(R"({"count": 1.9})").what_happened() == "expected a whole number, found 1.9");
  CHECK(refusal(R"({"sizes": [1.9, 2]})").where() == "/sizes/0");
  CHECK(refusal(R"({"sizes": [2, null]})").where() == "/sizes/1");
  CHECK(refusal(R"({"limit": 1.5})").where() == "/limit");
}

TEST_CASE("config load: each kind refuses the others") {
  struct Case {
    const char *text, *expected, *where;
  };
  for (const Case& c : {Case{R"({"is_on": 1})", "true or false", "/is_on"},
                        Case{R"({"is_on": "true"})", "true or false", "/is_on"},
                        Case{R"({"ratio": "0.5"})", "a number", "/ratio"},
                        Case{R"({"ratio": true})", "a number", "/ratio"},
                        Case{R"({"ratio": null})", "a number", "/ratio"},
                        Case{R"({"name": 5})", "text", "/name"},
                        Case{R"({"name": null})", "text", "/name"},
                        Case{R"({"sizes": 3})", "a list", "/sizes"},
                        Case{R"({"sizes": {}})", "a list", "/sizes"},
                        Case{R"({"sizes": null})", "a list", "/sizes"},
                        Case{R"({"flags": [0]})", "true or false", "/flags/0"},
                        Case{R"({"grpo": null})", "an object", "/grpo"},
                        Case{R"({"grpo": 7})", "an object", "/grpo"},
                        Case{R"({"grpo": []})", "an object", "/grpo"},
                        Case{R"({"teacher": 7})", "an object", "/teacher"},
                        Case{R"({"stages": [null]})", "an object", "/stages/0"},
                        Case{R"({"weights": [1]})", "an object", "/weights"},
                        Case{R"({"weights": {"a/b": "1"}})", "a number", "/weights/a~1b"},
                        Case{R"({"labels": {"a": 1}})", "text", "/labels/a"},
                        Case{"[]", "an object", "/"},
                        Case{"null", "an object", "/"}}) {
    CAPTURE(c.text);
    const Error error = refusal(c.text);
    CHECK(contains(error.what_happened(), cat("expected ", c.expected, ", found ")));
    CHECK(error.where() == c.where);
    CHECK(contains(error.fix(), "write") != contains(error.fix(), "double quotes"));
  }
}

TEST_CASE("config load: ranges hold for values, elements, optionals and maps") {
  struct Case {
    const char *text, *where, *allowed;
  };
  for (const Case& c :
       {Case{R"({"grpo": {"group_size": 1}})", "/grpo/group_size", "at least 2"},
        Case{R"({"ratio": 1.0000001})", "/ratio", "0 to 1"}, Case{R"({"ratio": -1e-300})", "/ratio", "0 to 1"},
        Case{R"({"scale": 0})", "/scale", "above 0"}, Case{R"({"sizes": [0, -1]})", "/sizes/1", "at least 0"},
        Case{R"({"limit": 0})", "/limit", "at least 1"},
        Case{R"({"weights": {"a": -0.5}})", "/weights/a", "at least 0"}}) {
    CAPTURE(c.text);
    const Error error = refusal(c.text);
    CHECK(contains(error.what_happened(), "is out of range: "));
    CHECK(contains(error.what_happened(), c.allowed));
    CHECK(error.where() == c.where);
    CHECK(error.fix() == cat("write a value that is ", c.allowed));
  }
  SampleConfig config;
  load(parse_json(R"({"ratio": 1, "scale": 1e-320, "limit": 1, "grpo": {"group_size": 2}})", "x"), config);
  CHECK(config.ratio == 1.0);
}

TEST_CASE("config load: text of a closed set is checked, and a typo is answered with the nearest") {
  const Error error = refusal(R"({"grpo": {"loss_type": "dappo"}})");
  CHECK(error.what_happened() == "value \"dappo\" is not one of grpo, dapo");
  CHECK(error.where() == "/grpo/loss_type");
  CHECK(error.fix() == "did you mean \"dapo\"?");
  CHECK(refusal(R"({"grpo": {"loss_type": "reinforce"}})").fix() == "write one of grpo, dapo");
}

TEST_CASE("config load: duplicate keys never reach the config") {
  CHECK(refusal(R"({"count": 1, "count": 5})").what_happened() == "duplicate key \"count\"");
}

TEST_CASE("config load: raw JSON is kept as written, and a hostile value is shown short") {
  SampleConfig config;
  load(parse_json(R"({"raw": [1, {"b": null}]})", "x"), config);
  CHECK(config.raw.dump() == R"([1,{"b":null}])");
  const Error error = refusal(cat("{\"count\": \"", std::string(1'000'000, 'x'), "\"}"));
  CHECK(error.what_happened().size() < 120);
  CHECK(refusal(R"({"count": {"a": 1}})").what_happened() == "expected a whole number, found an object with 1 keys");
}

TEST_CASE("config load: a given prefix opens every path") {
  SampleConfig config;
  CHECK(error_of([&] { load(Json{{"count", "x"}}, config, "/train"); }).where() == "/train/count");
}

}  // namespace
}  // namespace lockstep::base
