// SPDX-License-Identifier: Apache-2.0
// `lockstep chat`: a scripted conversation, its commands, and what is refused.
#include "base/text.h"
#include "tests/cli/lockstep.h"
#include "tests/cli/tiny_model_folder.h"

namespace lockstep::test {
namespace {

// The lines of standard output of a conversation whose words are `input`.
std::vector<std::string> chat(const ScratchFolder& scratch, const std::string& input, const std::string& more = "") {
  const auto words = scratch.write("input.txt", input);
  const auto run = run_program("/bin/sh", {"-c", cat(LOCKSTEP_BINARY, " chat --max-tokens 5 --model ", tiny_model_folder(), " ", more, " < ", words)});
  CAPTURE(run.err);
  CHECK(run.exit_code == 0);
  auto lines = base::split(run.out, '\n');
  std::vector<std::string> out;
  for (const auto& line : lines) out.emplace_back(line);
  return out;
}

}  // namespace

TEST_CASE("chat: an answer to every line, other noise at every turn, and the same again for the same seed") {
  const ScratchFolder scratch;
  const auto first = chat(scratch, "User: 1+2=?\n\nUser: 1+2=?\n", "--prefill a");
  const auto greedy = chat(scratch, "User: 1+2=?\nUser: 1+2=?\n/exit\nUser: 5+5=?\n", "--temperature 0 --prefill a");
  CHECK(first == chat(scratch, "User: 1+2=?\n\nUser: 1+2=?\n", "--prefill a"));
  const auto once = chat(scratch, "User: 1+2=?\n", "--prefill a");
  auto twice = once;
  twice.pop_back();  // behind the last line feed
  twice.insert(twice.end(), once.begin(), once.end());
  CHECK(first != twice);
  CHECK(first != greedy);
  const auto end = std::find(greedy.begin(), greedy.end(), std::string());
  CHECK(std::count_if(greedy.begin(), end, [](const auto& line) { return line.starts_with("a"); }) == 2);
}

TEST_CASE("chat: a format that is not there is refused before the first word") {
  expect_failure({"chat", "--model", tiny_model_folder(), "--format", "chatmll"}, 1, "unknown prompt format \"chatmll\"", "prompt format", "choose one of: raw");
  expect_failure({"chat"}, 2, "--model is missing", "lockstep chat", "give --model PATH");
}

TEST_CASE("chat: words that do not fit the context are an error of that turn only") {
  const ScratchFolder scratch;
  const auto lines = chat(scratch, std::string(4000, '1') + "\nUser: 1+2=?\n", "--prefill a");
  CHECK(std::count_if(lines.begin(), lines.end(), [](const auto& line) { return line.starts_with("a"); }) == 1);
}

}  // namespace lockstep::test
