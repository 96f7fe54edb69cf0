// SPDX-License-Identifier: Apache-2.0
// The examples in Python and behind HTTP: four ways to write one reward, the same values.
#include <signal.h>
#include <sys/wait.h>

#include "base/spawn.h"
#include "rewards/tools/sample_row.h"
#include "tests/rewards/plugins/plugin_lab.h"

namespace lockstep::rewards::plugins {
namespace {

using base::Json;

const std::string kExamples = LOCKSTEP_SOURCE_DIR "/examples/rewards/";

std::vector<tools::SampleRow> example_rows() {
  std::vector<tools::SampleRow> rows;
  base::for_each_line(kExamples + "samples.jsonl", [&](std::string_view line, size_t number) {
    rows.push_back(tools::read_sample_row(base::parse_json(line, "samples"), cat("samples:", number)));
  });
  return rows;
}

std::vector<Score> example_scores(const std::string& type, const Json& options) {
  const auto reward = make_reward({.type = type, .options = options}, 0, "/r");
  const auto rows = example_rows();
  std::vector<Sample> samples;
  for (const tools::SampleRow& row : rows) samples.push_back(row.sample());
  return reward->score_batch(samples);
}

void check_values(const std::vector<Score>& scores) {
  REQUIRE(scores.size() == 2);
  for (const Score& s : scores) CHECK_MESSAGE(s.status == Status::ok, s.detail);
  CHECK(scores[0].value == 1);
  CHECK(scores[1].value == 0);
}

// The example's server on a port of its choice.
class ExampleServer {
 public:
  ExampleServer() {
    base::Pipe output = base::make_pipe();
    const base::FileHandle null = base::move_up(base::open_to_read(kExamples + "README.md"));  // any input
    pid_ = base::spawn({.argv = {"python3", kExamples + "http_server.py", "0"},
                        .descriptors = {null.number(), output.write.number(), output.write.number()}});
    output.write.close();
    for (char c = 0; base::read_some(output.read, &c, 1, "server") == 1 && c != '\n';) port_ += c;
    output_ = std::move(output.read);  // open: the server logs its requests
  }
  ~ExampleServer() {
    ::kill(-pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  ExampleServer(const ExampleServer&) = delete;
  ExampleServer& operator=(const ExampleServer&) = delete;
  const std::string& port() const { return port_; }

 private:
  pid_t pid_;
  std::string port_;
  base::FileHandle output_;
};

}  // namespace

TEST_CASE("examples: TRL's form and verl's give the same values, and their metrics") {
  const auto trl = example_scores("python", {{"file", kExamples + "trl_style.py"}, {"function", "ends_with_answer"}});
  check_values(trl);
  CHECK(trl[0].metrics.at("length") == 28);
  const auto verl = example_scores("python", {{"file", kExamples + "verl_style.py"}});
  check_values(verl);
  CHECK(verl[1].metrics.at("length") == 28);
}

TEST_CASE("examples: so does the server in OpenRLHF's form") {
  const ExampleServer server;
  check_values(example_scores("http", {{"url", cat("http://localhost:", server.port(), "/")}}));
}

}  // namespace lockstep::rewards::plugins
