// SPDX-License-Identifier: Apache-2.0
// `lockstep data pack` and `data stats --model` through the binary; a run on a packed file ends with the bits of a run on its rows.
#include <map>

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "rl/row_ids.h"
#include "tests/cli/lockstep.h"
#include "tests/cli/tiny_model_folder.h"

namespace lockstep::test {
namespace {

using base::Json;

std::string number_rows(int count) {
  std::string rows;
  for (int i = 0; i < count; ++i) {
    rows += Json{{"prompt", cat("User: ", i, "+1=?")}, {"completion", std::string(static_cast<size_t>(i * 5 % 17) + 1, '7')}}.dump() + "\n";
  }
  return rows;
}

std::vector<Json> read_rows(const std::string& path) {
  std::vector<Json> rows;
  base::for_each_line(path, [&](std::string_view line, size_t) { rows.push_back(base::parse_json(line, path)); });
  return rows;
}

// The hash of the weights that two steps of fine-tuning on this file end with.
std::string trained_on(const ScratchFolder& scratch, const std::string& name, const std::string& file) {
  const std::string config = scratch.write(name + ".json", Json{{"output_dir", scratch.path(name)},
                                                                {"model", {{"path", tiny_model_folder()}}},
                                                                {"sft", {{"max_steps", 2}, {"batch_tokens", 100}, {"data", {{"files", {file}}}}}},
                                                                {"eval", {{"data", {{"task", "chain_sum"}}}, {"num_prompts", 2}}}}
                                                              .dump());
  const RunResult run = lockstep({"train", config});
  CAPTURE(run.err);
  REQUIRE(run.exit_code == 0);
  return base::sha256_file(scratch.path(name) + "/model/model.safetensors");
}

}  // namespace

TEST_CASE("data pack: chunks, a report, and each wrong word") {
  const ScratchFolder scratch;
  const std::string in = scratch.write("in.jsonl", number_rows(50)), out = scratch.path("out.jsonl"), report = scratch.path("report.json");
  const RunResult run = lockstep({"data", "pack", in, "--model", tiny_model_folder(), "--max-length", "64", "--output", out, "--report", report});
  CAPTURE(run.err);
  REQUIRE(run.exit_code == 0);
  const Json facts = base::parse_json_file(report);
  const auto chunks = read_rows(out);
  CHECK(facts["rows"] == 50);
  CHECK(facts["chunks"] == chunks.size());
  CHECK(facts["waste"] < facts["padding_waste"]);
  CHECK(contains(run.out, "50 rows, 50 sequences; 0 truncated (0 tokens), 0 dropped (0 tokens)\n"));
  CHECK(contains(run.out, "wrote " + out));
  size_t num_sequences = 0;
  for (const Json& chunk : chunks) num_sequences += chunk["seq_lengths"].size();
  CHECK(num_sequences == 50);
  const auto words = [&](std::vector<std::string> more) {
    std::vector<std::string> all = {"data", "pack", in, "--model", tiny_model_folder(), "--output", out};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  expect_failure(words({}), 2, "--max-length is missing", "lockstep data pack", "give --max-length");
  expect_failure(words({"--max-length", "1"}), 2, "--max-length is 1", "lockstep data pack", "give");
  expect_failure(words({"--max-length", "8", "--long", "split"}), 2, "unknown --long split", "lockstep data pack", "use truncate or drop");
  expect_failure(words({"--max-length", "8", "--assistant-turns", "first"}), 2, "unknown --assistant-turns first", "lockstep data pack", "use all or last");
  expect_failure(words({"--max-length", "8", "--format", "xml"}), 2, "unknown --format xml", "lockstep data pack", "use raw, r1_zero");
  expect_failure({"data", "pack", in, "--model", "no/such", "--output", out, "--max-length", "8"}, 1, "there is neither a tokenizer.json nor a tokenizer.model", "no/such", "give a model folder");
}

TEST_CASE("data pack: fine-tuning on a packed file ends with the weights of fine-tuning on its rows in that order") {
  const ScratchFolder scratch;
  const std::string in = scratch.write("in.jsonl", number_rows(30)), out = scratch.path("out.jsonl");
  REQUIRE(lockstep({"data", "pack", in, "--model", tiny_model_folder(), "--max-length", "64", "--output", out}).exit_code == 0);
  std::vector<std::string> lines;
  base::for_each_line(in, [&](std::string_view line, size_t) { lines.emplace_back(line); });
  std::map<std::vector<model::TokenId>, std::string> line_of;  // by the ids of the row
  rl::TextSource source;
  source.files = {in};
  rl::for_each_text_row(source, *model::load_tokenizer(tiny_model_folder()), {}, [&](const rl::TextRow& row) {
    auto ids = row.prompt;
    ids.insert(ids.end(), row.completion.begin(), row.completion.end());
    line_of[ids] = lines.at(line_of.size());
  });
  REQUIRE(line_of.size() == 30);
  std::string ordered;
  for (const Json& chunk : read_rows(out)) {
    auto begin = chunk["input_ids"].begin();
    for (const Json& length : chunk["seq_lengths"]) {
      const auto end = begin + length.get<std::ptrdiff_t>();
      ordered += line_of.at(std::vector<model::TokenId>(begin, end)) + "\n";
      begin = end;
    }
  }
  const std::string packed = trained_on(scratch, "packed", out);
  CHECK(packed == trained_on(scratch, "ordered", scratch.write("ordered.jsonl", ordered)));
  CHECK(packed != trained_on(scratch, "unordered", in));
}

TEST_CASE("data stats: lengths in a model's tokens beside words and characters, and the share above a length") {
  const ScratchFolder scratch;
  const std::string in = scratch.write("in.jsonl", number_rows(50));
  const RunResult run = lockstep({"data", "stats", in, "--json", "--model", tiny_model_folder(), "--max-length", "20"});
  REQUIRE(run.exit_code == 0);
  const Json stats = base::parse_json(run.out, "stats");
  size_t num_above = 0, most = 0;
  REQUIRE(lockstep({"data", "pack", in, "--model", tiny_model_folder(), "--max-length", "1000", "--output", scratch.path("out.jsonl")}).exit_code == 0);
  for (const Json& chunk : read_rows(scratch.path("out.jsonl"))) {
    for (const Json& length : chunk["seq_lengths"]) {
      num_above += length > 20 ? 1 : 0;
      most = std::max(most, length.get<size_t>());
    }
  }
  REQUIRE(num_above > 0);
  CHECK(stats["tokens"] == Json{{"rows", 50}, {"refused", 0}, {"max_length", 20}, {"above_max_length", num_above}});
  CHECK(stats["lengths"]["row tokens"]["max"] == most);
  CHECK(stats["lengths"]["prompt tokens"]["rows"] == 50);
  CHECK(stats["lengths"]["prompt words"]["rows"] == 50);
  CHECK(contains(lockstep({"data", "stats", in, "--model", tiny_model_folder(), "--max-length", "20"}).out, cat("tokens: 50 rows measured, ", num_above, " above 20 (")));
  CHECK_FALSE(contains(lockstep({"data", "stats", in}).out, "tokens"));
  expect_failure({"data", "stats", in, "--max-length", "20"}, 2, "--max-length needs --model", "lockstep data stats", "give the model");
}

}  // namespace lockstep::test
