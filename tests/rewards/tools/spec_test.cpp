// SPDX-License-Identifier: Apache-2.0
// Specs: a type, a file in three forms, plugins by their file names.
#include "rewards/tools/spec.h"

#include "tests/rewards/expect_error.h"
#include "tests/support/temp_folder.h"

namespace lockstep::rewards::tools {

using base::Json;

TEST_CASE("spec: a type and plugins by their names") {
  CHECK(load_spec("accuracy").configs.at(0).type == "accuracy");
  const auto plugin = [](const char* spec) { return load_spec(spec).configs.at(0); };
  CHECK(plugin("my.py").type == "python");
  CHECK(plugin("my.py").options == Json{{"file", "my.py"}});
  CHECK(plugin("a/my.py:check").options == Json{{"file", "a/my.py"}, {"function", "check"}});
  CHECK(plugin("./libx.so").type == "library");
  CHECK(plugin("./libx.so").options == Json{{"file", "./libx.so"}});
  CHECK(plugin("http://localhost:80/x").type == "http");
  CHECK(plugin("http://localhost:80/x").options == Json{{"url", "http://localhost:80/x"}});
}

TEST_CASE("spec: one reward, a list and a run config say the same") {
  const test::TempFolder folder;
  const std::string reward = R"({"type": "format", "weight": 0.5})";
  for (const std::string& text : {reward, "[" + reward + "]", "{\"rewards\": [" + reward + "], \"seed\": 1} // a run"}) {
    const Spec spec = load_spec(folder.write("spec.json", text));
    REQUIRE(spec.configs.size() == 1);
    CHECK(spec.configs[0].type == "format");
    CHECK(spec.configs[0].weight == 0.5);
  }
  const std::string bad = folder.write("bad.json", R"([{"type": "format"}, {"tipe": "format"}])");
  expect_error([&] { load_spec(bad); }, "unknown key \"tipe\"", bad + ":/1/tipe", "did you mean \"type\"");
}

}  // namespace lockstep::rewards::tools
