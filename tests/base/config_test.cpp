// SPDX-License-Identifier: Apache-2.0
// Config laws: load undoes dump, every field counts in the hash, visit names every member; and --set.
#include "base/config.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <map>

#include "tests/base/error_of.h"
#include "tests/base/sample_config.h"

namespace lockstep::base {
namespace {

struct Forth {
  int a = 1, b = 2;
  void visit(auto&& field) { field("a", a, ""), field("b", b, ""); }
};
struct Back {
  int b = 2, a = 1;
  void visit(auto&& field) { field("b", b, ""), field("a", a, ""); }
};
struct Forgetful {
  int named = 0;
  std::optional<double> forgotten = {};
  void visit(auto&& field) { field("named", named, ""); }
};

// A value different from `json` that its field accepts.
Json changed(const Json& json) {
  if (json.is_boolean()) return !json.get<bool>();
  if (json.is_number_unsigned()) return json.get<uint64_t>() + 1;
  if (json.is_number_integer()) return json.get<int64_t>() + 1;
  if (json.is_number_float()) return json.get<double>() + 0.25;
  if (json.is_string()) return json == "grpo" ? "dapo" : json == "dapo" ? "grpo" : json.get<std::string>() + "x";
  return json;
}

// Calls `change(path)` on every leaf and empty container of `json`.
void each_leaf(const Json& json,
               const Json::json_pointer& path,
               const std::function<void(const Json::json_pointer&)>& visit) {
  if (!json.is_structured() || json.empty()) return visit(path);
  if (json.is_array()) {
    for (size_t i = 0; i < json.size(); ++i) each_leaf(json[i], path / i, visit);
  } else {
    for (const auto& [name, value] : json.items()) each_leaf(value, path / name, visit);
  }
}

TEST_CASE("config: dump, load, dump is a fixed point") {
  for (const SampleConfig& config : {SampleConfig(), busy_config()}) {
    SampleConfig copy = busy_config();
    copy.count = 99;  // load must overwrite what differs
    load(dump(config), copy);
    CHECK(dump(copy) == dump(config));
    CHECK(config_hash(copy) == config_hash(config));
  }
}

TEST_CASE("config: dump shows every field in order, absent ones as null") {
  const Json json = dump(SampleConfig());
  CHECK(json.size() == visited<SampleConfig>());
  CHECK(json.begin().key() == "is_on");
  CHECK(json["limit"].is_null());
  CHECK(json["teacher"].is_null());
  CHECK(json["grpo"].dump() == R"({"group_size":8,"kl_coef":0.0,"loss_type":"grpo"})");
}

TEST_CASE("config: the hash changes when any one value changes") {
  const Json whole = dump(busy_config());
  const std::string hash = config_hash(busy_config());
  size_t leaves = 0;
  each_leaf(whole, Json::json_pointer(), [&](const Json::json_pointer& path) {
    Json json = whole;
    json[path] = changed(json[path]);
    SampleConfig config;
    load(json, config);
    CAPTURE(path.to_string());
    CHECK(config_hash(config) != hash);
    ++leaves;
  });
  CHECK(leaves == 28);
}

TEST_CASE("config: the hash does not depend on the order of keys, nor of fields") {
  SampleConfig a, b;
  load(parse_json(R"({"count": 3, "ratio": 0.5})", "x"), a);
  load(parse_json(R"({"ratio": 0.5, "count": 3})", "x"), b);
  CHECK(config_hash(a) == config_hash(b));
  CHECK(config_hash(Forth{}) == config_hash(Back{}));
  CHECK(config_hash(Forth{}).size() == 64);
}

TEST_CASE("config: visit names every member of the aggregate") {
  CHECK(visited<SampleConfig>() == arity<SampleConfig>());
  CHECK(visited<GroupConfig>() == arity<GroupConfig>());
  CHECK(visited<Forgetful>() == 1);
  CHECK(arity<Forgetful>() == 2);
}

TEST_CASE("config: keys that are absent keep what the config has, lists and maps are replaced whole") {
  SampleConfig config = busy_config();
  load(parse_json(R"({"sizes": [7], "weights": {"math": 1}, "grpo": {"kl_coef": 0.5}})", "x"), config);
  CHECK(config.sizes == std::vector<int>{7});
  CHECK(config.weights == std::map<std::string, double>{{"math", 1}});
  CHECK(config.grpo.kl_coef == 0.5);
  CHECK(config.grpo.group_size == busy_config().grpo.group_size);
  CHECK(config.name == busy_config().name);
}

TEST_CASE(
    "config: an optional config is present when its key is, with its own defaults, and null makes it "
    "absent") {
  SampleConfig config;
  load(parse_json(R"({"teacher": {}})", "x"), config);
  REQUIRE(config.teacher);
  CHECK(config.teacher->group_size == 8);
  load(parse_json(R"({"teacher": {"group_size": 4}})", "x"), config);
  load(parse_json(R"({"teacher": {"kl_coef": 0.1}})", "x"), config);
  CHECK(config.teacher->group_size == 4);  // a second load adds to the first
  load(parse_json(R"({"teacher": null, "limit": 5})", "x"), config);
  CHECK_FALSE(config.teacher);
  CHECK(config.limit == 5);
}

TEST_CASE("config: the reference has one line for each field, nested ones by dotted path") {
  const auto docs = field_docs<SampleConfig>();
  std::map<std::string, FieldDoc> by_path;
  for (const FieldDoc& doc : docs) by_path[doc.path] = doc;
  CHECK(by_path.size() == docs.size());
  const FieldDoc& size = by_path.at("grpo.group_size");
  CHECK(size.type == "int");
  CHECK(size.default_value == "8");
  CHECK(size.range == "at least 2");
  CHECK(size.meaning == "completions per prompt, G");
  CHECK(by_path.at("grpo.loss_type").range == "one of grpo, dapo");
  CHECK(by_path.at("ratio").range == "0 to 1");
  CHECK(by_path.at("scale").range == "above 0");
  CHECK(by_path.at("sizes").type == "list of int");
  CHECK(by_path.at("limit").type == "optional int");
  CHECK(by_path.at("teacher").type == "optional config");
  CHECK(by_path.at("teacher.kl_coef").range == "at least 0");
  CHECK(by_path.at("stages[].group_size").default_value == "8");
  CHECK(by_path.at("weights").type == "map of number");

  const std::string text = reference<SampleConfig>();
  CHECK(static_cast<size_t>(std::count(text.begin(), text.end(), '\n')) == docs.size());
  CHECK(contains(text, "grpo.group_size"));
  CHECK(contains(text, "completions per prompt, G\n"));
}

TEST_CASE("set: the value is JSON where it is JSON, else text; missing objects are made") {
  Json json = Json::object();
  for (const char* assignment : {"grpo.kl_coef=0.5", "grpo.loss_type=dapo", "is_on=true", "name=a=b", "sizes=[1,2]",
                                 "teacher={\"group_size\":4}", "path=", "quoted=\"true\"", "url=http://x/y.z"}) {
    apply_set(json, assignment);
  }
  CHECK(json.dump() == R"({"grpo":{"kl_coef":0.5,"loss_type":"dapo"},"is_on":true,"name":"a=b","sizes":[1,2],)"
                       R"("teacher":{"group_size":4},"path":"","quoted":"true","url":"http://x/y.z"})");
  apply_set(json, "grpo.kl_coef=1");
  CHECK(json["grpo"]["kl_coef"] == 1);
  CHECK(json["grpo"].size() == 2);
  apply_set(json, "teacher=null");
  apply_set(json, "teacher.group_size=2");  // null is an absent object
  CHECK(json["teacher"].dump() == R"({"group_size":2})");
}

TEST_CASE("set: a malformed assignment, or a path through a value, is an Error that changes nothing") {
  const auto refusal = [](const char* assignment) {
    Json json = {{"count", 3}};
    const Error error = error_of([&] { apply_set(json, assignment); });
    CHECK(error.where() == cat("--set ", printable(assignment)));
    CHECK(json.dump() == R"({"count":3})");
    return error;
  };
  for (const char* assignment : {"", "count", "=1"}) {
    CHECK(refusal(assignment).what_happened() == "no assignment");
    CHECK(refusal(assignment).fix() == "write --set name.of.field=value");
  }
  CHECK(refusal("a..b=1").what_happened() == "a name in the path is empty");
  CHECK(refusal(".a=1").what_happened() == "a name in the path is empty");
  CHECK(refusal("count.x=1").what_happened() == "\"count\" is 3, no object with fields");
  CHECK(refusal("count.x=1").fix() == "set \"count\" as a whole, or correct the path");
  CHECK(refusal("name=\xff").what_happened() == "ill-formed UTF-8");
  CHECK(contains(refusal("sizes=[1,").what_happened(), "JSON is not valid"));
  CHECK(contains(refusal("teacher={\"a\":1,\"a\":2}").what_happened(), "duplicate key"));
  CHECK(contains(refusal("name=\"open").fix(), "single quotes"));
}

}  // namespace
}  // namespace lockstep::base
