// SPDX-License-Identifier: Apache-2.0
// The probe: it finds what a careless reward pays for, and nothing at a careful one.
#include "rewards/tools/probe.h"

#include <set>
#include <sstream>

#include "base/text.h"
#include "rewards/builtin.h"
#include "tests/rewards/expect_error.h"

namespace lockstep::rewards::tools {
namespace {

// A reward from a function of the completion and the row's answer.
class FunctionReward final : public NamedReward {
 public:
  using Function = Score (*)(const std::string& completion, const std::string& answer);
  explicit FunctionReward(Function function) : NamedReward("function"), function_(function) {}
  Score score(const Sample& sample) const override {
    return function_(std::string(sample.completion), sample.columns->at("answer").get<std::string>());
  }

 private:
  Function function_;
};

ProbeReport probe_function(FunctionReward::Function function) {
  std::vector<Combined::Part> parts;
  parts.push_back({std::make_unique<FunctionReward>(function), 1});
  return probe(Combined(std::move(parts)), {default_probe_row()});
}

std::set<std::string> paying(const ProbeReport& report) {
  std::set<std::string> names;
  for (const ProbeResult& result : report.results) {
    if (result.pays) names.insert(result.name);
  }
  return names;
}

}  // namespace

TEST_CASE("probe: the built-in accuracy and format pay for nothing that is no answer") {
  for (const char* preset : {"r1", "tiny"}) {
    const Combined rewards({{.type = "accuracy"}, {.type = "format", .options = {{"preset", preset}}}}, 0);
    const ProbeReport report = probe(rewards, {default_probe_row()});
    CHECK(report.honest_right > report.honest_wrong);
    for (const ProbeResult& result : report.results) {
      CHECK_MESSAGE(!result.pays, result.name);
      CHECK_MESSAGE(result.score.status == Status::ok, result.name);
      CHECK_MESSAGE(!result.is_unstable, result.name);
    }
  }
}

TEST_CASE("probe: careless rewards are found out") {
  // The answer anywhere in the text.
  const auto anywhere = paying(probe_function([](const std::string& text, const std::string& answer) {
    return Score{.value = text.find(answer) != std::string::npos && text.find(answer + "1") == std::string::npos ? 1.0 : 0.0};
  }));
  CHECK(anywhere.contains("the answer inside the thought"));
  CHECK(anywhere.contains("many boxes"));
  CHECK(anywhere.contains("the answer in a code block"));
  CHECK_FALSE(anywhere.contains("nothing"));
  // Marks for tags, wherever they stand.
  const auto tags = paying(probe_function([](const std::string& text, const std::string&) {
    return Score{.value = static_cast<double>(base::split(text, '>').size() - 1)};
  }));
  CHECK(tags.contains("both tags repeated"));
  CHECK(tags.contains("huge: open tags"));
  // Length.
  CHECK(paying(probe_function([](const std::string& text, const std::string&) { return Score{.value = static_cast<double>(text.size())}; }))
            .contains("huge: a letter"));
  // An empty completion counts as right.
  CHECK(paying(probe_function([](const std::string& text, const std::string&) { return Score{.value = text.empty() ? 1.0 : 0.0}; })) ==
        std::set<std::string>{"nothing"});
}

TEST_CASE("probe: failures, changing values and the missing difference between right and wrong are reported") {
  const ProbeReport failing = probe_function([](const std::string& text, const std::string&) {
    if (text.find('\0') != std::string::npos) throw std::runtime_error("a zero byte");
    return Score{.value = 0};
  });
  CHECK(failing.num_findings == 1);
  std::ostringstream text;
  print_report(failing, false, text);
  CHECK(contains(text.str(), "zero bytes  FAILS (a zero byte)"));
  CHECK(contains(text.str(), "findings 1"));
  CHECK(contains(text.str(), "a right answer gets no more than a wrong one"));
  const ProbeReport changing = probe_function([](const std::string& completion, const std::string&) {
    static int calls = 0;
    return Score{.value = completion.empty() && ++calls % 2 == 0 ? -1.0 : 0.0};
  });
  REQUIRE(changing.num_findings == 1);
  CHECK(changing.results[0].is_unstable);
}

TEST_CASE("probe: --json gives one object a text") {
  const ProbeReport report = probe(Combined({{.type = "accuracy"}, {.type = "format"}}, 0), {default_probe_row()});
  std::ostringstream out;
  print_report(report, true, out);
  size_t count = 0;
  for (const std::string& line : base::split(out.str(), '\n')) {
    if (line.empty()) continue;
    const base::Json row = base::parse_json(line, "out");
    CHECK(row["finding"] == "");
    CHECK(row["status"] == "ok");
    ++count;
  }
  CHECK(count == report.results.size());
  CHECK(count >= 35);
}

TEST_CASE("probe: the texts hold the row's own answer, also behind GSM8K's mark and in verl's form") {
  const auto has_box = [](const char* row, const char* gold) {
    const SampleRow sample = read_sample_row(base::parse_json(row, "test"), "test");
    for (const ProbeText& text : probe_texts(sample)) {
      if (text.name == "a right and a wrong box") return contains(text.completion, cat("\\boxed{", gold, "}"));
    }
    return false;
  };
  CHECK(has_box(R"({"completion": "", "answer": "so it is\n#### 17"})", "17"));
  CHECK(has_box(R"({"completion": "", "reward_model": {"ground_truth": 18}})", "18"));
  CHECK(has_box(R"({"completion": "", "solution": "19"})", "19"));
}

}  // namespace lockstep::rewards::tools
