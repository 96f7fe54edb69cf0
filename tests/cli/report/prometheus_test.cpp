// SPDX-License-Identifier: Apache-2.0
// Prometheus text, read back by a parser of the exposition format that is written here from its description.
#include "cli/report/prometheus.h"

#include <doctest/doctest.h>

#include <cmath>
#include <map>
#include <regex>
#include <set>

#include "base/text.h"

namespace lockstep::test {
namespace {

using cli::report::MetricsTable;

struct Family {
  std::string help, type;
  std::map<std::string, double> samples;  // by the text of the labels
};

// Every line is a comment HELP or TYPE, or a sample of the family that was declared last.
std::map<std::string, Family> parse(const std::string& text) {
  const std::regex help(R"(# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) ((?:[^\\]|\\\\|\\n)*))"), type(R"(# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (gauge|counter))");
  const std::regex sample(R"re(([a-zA-Z_:][a-zA-Z0-9_:]*)\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\]|\\\\|\\"|\\n)*",?)*)\} (\S+))re");
  std::map<std::string, Family> families;
  std::string last;
  REQUIRE(text.ends_with('\n'));
  for (const auto& line : base::split(text.substr(0, text.size() - 1), '\n')) {
    CAPTURE(line);
    std::smatch found;
    if (std::regex_match(line, found, help)) {
      last = found[1];
      REQUIRE_FALSE(families.contains(last));  // one group per name
      families[last].help = found[2];
    } else if (std::regex_match(line, found, type)) {
      REQUIRE(found[1] == last);
      families[last].type = found[2];
    } else {
      REQUIRE(std::regex_match(line, found, sample));
      REQUIRE(found[1] == last);
      REQUIRE(families[last].samples.emplace(found[2], std::stod(found[3])).second);
    }
  }
  return families;
}

}  // namespace

TEST_CASE("prometheus: the latest value of every metric of every stage, with type and help") {
  MetricsTable table(16);
  table.add_line(R"({"stage":"sft","step":7,"loss":2.5})");
  table.add_line(R"({"stage":"grpo","step":1,"loss":0.5,"rewards/accuracy/mean":0.25,"eval_pass@1":0.125})");
  table.add_line(R"({"stage":"grpo","step":2,"loss":null,"rewards/accuracy/mean":1e-9})");
  const auto families = parse(cli::report::prometheus_text(table, "my \"run\"\\", 1.5));
  const std::string run = R"(run="my \"run\"\\")";
  CHECK(families.at("lockstep_rewards_accuracy_mean").samples.at(run + ",stage=\"grpo\"") == 1e-9);
  CHECK(families.at("lockstep_eval_pass_1").samples.at(run + ",stage=\"grpo\"") == 0.125);
  CHECK(families.at("lockstep_loss").samples.at(run + ",stage=\"sft\"") == 2.5);
  CHECK(std::isnan(families.at("lockstep_loss").samples.at(run + ",stage=\"grpo\"")));
  CHECK(families.at("lockstep_step").samples.at(run + ",stage=\"grpo\"") == 2);
  CHECK(families.at("lockstep_last_row_timestamp_seconds").samples.at(run) == 1.5);
  for (const auto& [name, family] : families) CHECK(family.type == "gauge");
}

TEST_CASE("prometheus: hostile names stay well-formed, and two that become the same stay two") {
  MetricsTable table(16);
  base::Json row = {{"stage", "line\nbreak \"quote\" back\\slash"}, {"step", 1}};
  for (const char* name : {"a/b", "a_b", "a b", "a_b_2", "9", "", "\xC3\xA9", "x\ny", "last_row_timestamp_seconds", "} 1\nfake 2"}) row[name] = 1;
  table.add_line(row.dump());
  const auto families = parse(cli::report::prometheus_text(table, "r\nr", std::nan("")));
  size_t samples = 0;
  for (const auto& [name, family] : families) samples += family.samples.size();
  CHECK(samples == row.size() - 2 + 1);  // without "stage" and "step", with lockstep_step
  CHECK_FALSE(families.contains("fake"));
  CHECK_FALSE(families.contains("lockstep_last_row_timestamp_seconds"));
}

TEST_CASE("prometheus: a run without a row gives no samples") {
  CHECK(cli::report::prometheus_text(MetricsTable(4), "r", std::nan("")).empty());
}

}  // namespace lockstep::test
