// SPDX-License-Identifier: Apache-2.0
// `lockstep reward list | test`: the rewards, and what they give on a file of samples, without any model.
#include <filesystem>
#include <iostream>

#include "base/config.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/verb.h"
#include "rewards/combined.h"
#include "rewards/registry.h"

namespace lockstep::cli {
namespace {

using base::Json;

// SPEC is the name of a reward type, or a JSON file with one reward config, a list of them, or an object (a run config)
// that has such a list under "rewards".
rewards::Combined load_spec(const std::string& spec, uint64_t seed) {
  std::vector<rewards::RewardConfig> configs;
  if (!std::filesystem::is_regular_file(spec)) {
    configs.push_back({.type = spec});
    return {configs, seed, "SPEC"};
  }
  Json json = base::parse_json_file(spec, {.comments = true});
  std::string where = spec + ":";
  if (json.is_object() && json.contains("rewards")) {
    json = Json(json["rewards"]);
    where += "/rewards";
  }
  if (!json.is_array()) json = Json::array({json});
  for (const Json& entry : json) {
    base::load(entry, configs.emplace_back(), cat(where, "/", configs.size()));
  }
  return {configs, seed, where};
}

[[noreturn]] void missing_column(const char* column, const std::string& where) {
  throw Error(
      cat("the row has no \"", column, "\""), where,
      "write rows like {\"prompt\": \"...\", \"completion\": \"...\", \"answer\": \"...\"}; a prompt may be a list of "
      "messages");
}

const std::string& text_of(const Json& row, const char* column, const std::string& where) {
  const auto text = row.find(column);
  if (text == row.end() || !text->is_string()) missing_column(column, where);
  return text->get_ref<const std::string&>();
}

// A prompt's text; of a list of messages their contents, one a line.
std::string prompt_of(const Json& row, const std::string& where) {
  const auto prompt = row.find("prompt");
  if (prompt == row.end() || !prompt->is_array()) return text_of(row, "prompt", where);
  std::vector<std::string> contents;
  for (const Json& message : *prompt) {
    if (!message.is_object() || !message.contains("content")) missing_column("prompt", where);
    contents.push_back(text_of(message, "content", where));
  }
  return base::join(contents, "\n");
}

// One scored row of the file.
struct Row {
  size_t number;
  rewards::CombinedScore score;
};

Row score_row(const rewards::Combined& rewards, const Json& row, size_t number, const std::string& where) {
  if (!row.is_object()) throw Error("the row is no object", where, "write one JSON object a line");
  const std::string prompt = prompt_of(row, where);
  const rewards::Sample sample{.prompt = prompt,
                               .completion = text_of(row, "completion", where),
                               .columns = &row,
                               .is_terminated = row.value("is_terminated", Json(true)) != Json(false)};
  return {number, rewards.score(sample)};
}

// A value of a score, or the reason why there is none: "1.000", "skip".
std::string cell(const rewards::Score& score) {
  return score.status == rewards::Status::ok ? base::fixed(score.value, 3) : rewards::status_name(score.status);
}

void print_row(const rewards::Combined& rewards, const Row& row) {
  std::cout << "row " << row.number << "  reward " << cell({.status = row.score.status, .value = row.score.value});
  for (size_t i = 0; i < rewards.size(); ++i) {
    const rewards::Score& part = row.score.parts[i];
    std::cout << "  " << rewards.name(i) << " " << cell(part);
    if (!part.detail.empty()) std::cout << " (" << base::printable(part.detail) << ")";
  }
  std::cout << "\n";
}

Json row_json(const rewards::Combined& rewards, const Row& row) {
  Json parts = Json::object();
  for (size_t i = 0; i < rewards.size(); ++i) {
    const rewards::Score& part = row.score.parts[i];
    parts[rewards.name(i)] = {{"status", rewards::status_name(part.status)},
                              {"value", part.status == rewards::Status::ok ? Json(part.value) : Json(nullptr)},
                              {"detail", base::repair_utf8(part.detail)},
                              {"metrics", part.metrics}};
  }
  return {{"row", row.number},
          {"status", rewards::status_name(row.score.status)},
          {"reward", row.score.status == rewards::Status::ok ? Json(row.score.value) : Json(nullptr)},
          {"rewards", parts}};
}

Json summary_json(const rewards::Combined& rewards, const std::vector<rewards::RewardStats>& stats) {
  Json parts = Json::object();
  for (size_t i = 0; i < rewards.size(); ++i) {
    const rewards::RewardStats& of = stats[i];
    parts[rewards.name(i)] = {{"weight", rewards.weight(i)},
                              {"mean", of.mean},
                              {"std", of.std},
                              {"ok", of.num_ok},
                              {"skip", of.num_skip},
                              {"error", of.num_error},
                              {"timeout", of.num_timeout},
                              {"metrics", of.metrics}};
  }
  return {{"summary", parts}};
}

void print_summary(const rewards::Combined& rewards, const std::vector<rewards::RewardStats>& stats) {
  std::cout << "\n";
  for (size_t i = 0; i < rewards.size(); ++i) {
    const rewards::RewardStats& of = stats[i];
    std::cout << rewards.name(i) << "  weight " << rewards.weight(i) << "  mean " << base::fixed(of.mean, 4) << "  std "
              << base::fixed(of.std, 4) << "  ok " << of.num_ok << "  skip " << of.num_skip << "  error "
              << of.num_error << "  timeout " << of.num_timeout;
    for (const auto& [name, value] : of.metrics) std::cout << "  " << name << " " << base::fixed(value, 4);
    std::cout << "\n";
  }
}

ExitCode run_test(const Arguments& arguments) {
  const auto seed = static_cast<uint64_t>(arguments.integer_or("seed", 0, 0, INT64_MAX));
  const rewards::Combined rewards = load_spec(arguments.positional(0), seed);
  const std::string data = *arguments.value("data");
  const bool as_json = arguments.has("json");
  std::vector<rewards::CombinedScore> scores;
  base::for_each_line(data, [&](std::string_view line, size_t number) {
    const std::string where = cat(data, ":", number);
    Row row = score_row(rewards, base::parse_json(line, where), number, where);
    if (as_json) {
      std::cout << row_json(rewards, row).dump() << "\n";
    } else {
      print_row(rewards, row);
    }
    scores.push_back(std::move(row.score));
  });
  if (scores.empty()) throw Error("the file has no rows", data, "write one JSON object a line");
  const std::vector<rewards::RewardStats> stats = rewards.stats(scores);
  if (as_json) {
    std::cout << summary_json(rewards, stats).dump() << "\n";
  } else {
    print_summary(rewards, stats);
  }
  return ExitCode::done;
}

ExitCode run_list(const Arguments&) {
  std::cout << rewards::reward_reference();
  return ExitCode::done;
}

}  // namespace

Verb reward_list_verb() {
  return {.name = "reward list", .summary = "list the rewards with their options", .usage = {}, .run = run_list};
}

Verb reward_test_verb() {
  return {
      .name = "reward test",
      .summary = "score a file of samples without a model",
      .usage = {.positionals = {{"SPEC", "a reward's type, or a JSON file: a reward, a list of rewards, a run config"}},
                .options = {{.name = "data",
                             .value = "FILE",
                             .meaning = "JSON lines with prompt, completion and the columns that the reward reads",
                             .is_required = true},
                            {.name = "json", .meaning = "print one JSON object a row, and last the summary"},
                            {.name = "seed", .value = "N", .meaning = "the run seed that `random` sees (default: 0)"}}},
      .run = run_test};
}

}  // namespace lockstep::cli
