// SPDX-License-Identifier: Apache-2.0
// Mixing: exact numbers of each input's rows in a keyed order, byte for byte.
#include "rewards/data/mix.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "base/file.h"
#include "base/rng.h"
#include "base/text.h"
#include "tests/base/temp_folder.h"
#include "tests/rewards/expect_error.h"

namespace lockstep::rewards::data {
namespace {

using base::Json;
using base::TempFolder;

// `count` rows with odd spacing, so that a row written anew would show.
std::string file_of(const TempFolder& folder, const std::string& name, int count) {
  std::string lines;
  for (int i = 0; i < count; ++i) lines += cat("{\"prompt\":  \"", name, " ", i, "\", \"n\": 1.50}\n");
  const std::string path = folder / (name + ".jsonl");
  base::write_file_atomic(path, lines);
  return path;
}

MixConfig config_of(const Json& json) {
  MixConfig config;
  base::load(json, config);
  return config;
}

std::vector<std::string> lines_of(const std::string& path) {
  std::vector<std::string> lines;
  base::for_each_line(path, [&](std::string_view line, size_t) { lines.emplace_back(line); });
  return lines;
}

std::map<std::string, int> counted(const std::vector<std::string>& lines) {
  std::map<std::string, int> counts;
  for (const std::string& line : lines) ++counts[line];
  return counts;
}

}  // namespace

TEST_CASE("mix: without numbers it is a permutation, byte for byte, the same for the same seed only") {
  const TempFolder folder;
  const std::string a = file_of(folder, "a", 300), b = file_of(folder, "b", 40), out = folder / "out.jsonl";
  std::vector<std::string> all = lines_of(a);
  for (const std::string& line : lines_of(b)) all.push_back(line);
  const auto mixed = [&](const Json& more) {
    Json config = {{"inputs", {{{"path", a}}, {{"path", b}}}}};
    config.update(more);
    const MixReport report = mix(config_of(config), out);
    CHECK(report.rows_out == 340);
    return lines_of(out);
  };
  const auto first = mixed(Json::object());
  CHECK(first != all);
  CHECK(std::is_permutation(first.begin(), first.end(), all.begin(), all.end()));
  CHECK(mixed({{"seed", 0}}) == first);
  CHECK(mixed({{"seed", 1}}) != first);
  CHECK(mixed({{"shuffle", false}}) == all);
  // Rows of the small input are spread: their mean place is that of a uniform order within four deviations.
  double sum = 0;
  for (size_t i = 0; i < first.size(); ++i) sum += first[i].find("\"b ") == std::string::npos ? 0 : static_cast<double>(i);
  CHECK(std::abs(sum / 40 - 169.5) < 4 * 340 / std::sqrt(12.0 * 40));
}

TEST_CASE("mix: max_rows, repeat and columns are counted exactly") {
  const TempFolder folder;
  const std::string a = file_of(folder, "a", 100), b = file_of(folder, "b", 7), out = folder / "out.jsonl";
  const MixReport report = mix(
      config_of({{"inputs", {{{"path", a}, {"max_rows", 30}}, {{"path", b}, {"repeat", 3}, {"columns", {{"task", "follow"}, {"n", 1.5}}}}}}}), out);
  CHECK(report.rows_out == 51);
  CHECK(report.inputs[0].rows_in == 100);
  CHECK(report.inputs[0].num_chosen == 30);
  CHECK(report.inputs[1].rows_out == 21);
  CHECK(report.inputs[1].shapes == std::map<std::string, size_t>{{"trl", 7}});
  std::map<std::string, int> from_b;
  int num_a = 0;
  for (const auto& [line, count] : counted(lines_of(out))) {
    if (line.find("\"a ") != std::string::npos) {
      CHECK(count == 1);
      ++num_a;
    } else {
      CHECK(count == 3);
      const Json row = base::parse_json(line, "row");
      CHECK(row["task"] == "follow");
      from_b[row["prompt"].get<std::string>()] = count;
    }
  }
  CHECK(num_a == 30);
  CHECK(from_b.size() == 7);
  CHECK(contains(report.text(), "51 rows out\n"));
  CHECK(contains(report.text(), "b.jsonl: 7 rows (7 trl), 7 of them taken, 21 written, 41.2%"));
  CHECK(report.json()["inputs"][0]["chosen"] == 30);
  const auto chosen = [&](uint64_t seed) {
    mix(config_of({{"inputs", {{{"path", a}, {"max_rows", 30}}}}, {"seed", seed}, {"shuffle", false}}), out);
    return lines_of(out);
  };
  CHECK(chosen(1) != chosen(2));
  const auto ascending = chosen(1);
  const auto all = lines_of(a);
  for (size_t i = 0, at = 0; i < ascending.size(); ++i) {
    at = static_cast<size_t>(std::find(all.begin() + static_cast<std::ptrdiff_t>(at), all.end(), ascending[i]) - all.begin());
    CHECK(at < all.size());
  }
}

TEST_CASE("mix: weights share the rows out to the last one, and no row is written much more often than another") {
  const TempFolder folder;
  const std::string a = file_of(folder, "a", 100), b = file_of(folder, "b", 7), out = folder / "out.jsonl";
  const MixReport report = mix(config_of({{"inputs", {{{"path", a}, {"weight", 3}}, {{"path", b}, {"weight", 1}}}}, {"total_rows", 81}}), out);
  CHECK(report.rows_out == 81);
  CHECK(report.inputs[0].rows_out == 61);
  CHECK(report.inputs[0].num_chosen == 61);
  CHECK(report.inputs[1].rows_out == 20);
  CHECK(report.inputs[1].num_chosen == 7);
  for (const auto& [line, count] : counted(lines_of(out))) {
    const bool is_b = line.find("\"b ") != std::string::npos;
    CHECK(count >= (is_b ? 2 : 1));
    CHECK(count <= (is_b ? 3 : 1));
  }
}

TEST_CASE("mix: apportioned numbers add up, and none is one or more away from its share") {
  base::Random random(3, "mix-test");
  for (int i = 0; i < 500; ++i) {
    std::vector<double> weights;
    for (int64_t n = random.between(1, 8); n > 0; --n) weights.push_back(random.uniform() + 1e-6);
    const auto total = static_cast<size_t>(random.between(0, 1000));
    const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
    const auto counts = apportioned(weights, total);
    CHECK(std::accumulate(counts.begin(), counts.end(), size_t{0}) == total);
    for (size_t k = 0; k < weights.size(); ++k) {
      CHECK(std::abs(static_cast<double>(counts[k]) - static_cast<double>(total) * weights[k] / sum) < 1 + 1e-9);
    }
  }
  CHECK(apportioned({1, 1, 1}, 4) == std::vector<size_t>{2, 1, 1});
}

TEST_CASE("mix: rows of any shape and file, megabytes of them, stay what they are") {
  const TempFolder folder;
  const std::string list = folder / "list.json", lines = folder / "lines.jsonl", out = folder / "out.jsonl";
  base::write_file_atomic(list, R"([{"messages": [{"role": "user", "content": "a"}]}, {"text": "b"}])");
  std::string big;
  for (int i = 0; i < 40; ++i) big += Json{{"text", std::string(100'000, static_cast<char>('a' + i % 26)) + std::to_string(i)}}.dump() + "\n";
  base::write_file_atomic(lines, big);
  const MixReport report = mix(config_of({{"inputs", {{{"path", list}}, {{"path", lines}}}}}), out);
  CHECK(report.inputs[0].shapes == std::map<std::string, size_t>{{"messages", 1}, {"text", 1}});
  const auto written = counted(lines_of(out));
  CHECK(written.size() == 42);
  for (const std::string& line : lines_of(lines)) CHECK(written.count(line) == 1);
  CHECK(written.count(R"({"messages":[{"role":"user","content":"a"}]})") == 1);
}

TEST_CASE("mix: nonsense is refused, and nothing is left behind") {
  const TempFolder folder;
  const std::string a = file_of(folder, "a", 3), out = folder / "out.jsonl", empty = folder / "empty.jsonl", odd = folder / "odd.jsonl";
  base::write_file_atomic(empty, "\n");
  base::write_file_atomic(odd, "{\"x\": 1}\n");
  const auto run = [&](const Json& inputs, int total = 0) {
    return [&, inputs, total] { mix(config_of({{"inputs", inputs}, {"total_rows", total}}), out); };
  };
  const auto of = [](const std::string& path, Json more = Json::object()) {
    more["path"] = path;
    return more;
  };
  expect_error(run(Json::array()), "there are no inputs", "/inputs", "name files");
  expect_error(run(Json::array({of(a, {{"weight", 1}}), of(a)}), 10), "1 of 2 inputs have a weight", "/inputs", "each one");
  expect_error(run(Json::array({of(a)}), 10), "0 of 1 inputs have a weight", "/inputs", "total_rows");
  expect_error(run(Json::array({of(a, {{"weight", 1}})})), "weights without a number of rows", "/total_rows", "how many");
  expect_error(run(Json::array({of(a, {{"weight", 1}, {"repeat", 2}})}), 10), "repeat and weight exclude each other", "/inputs/0/repeat", "leave one");
  expect_error(run(Json::array({of(a), of(empty)})), "there are no rows", "empty.jsonl", "leave it out");
  expect_error(run(Json::array({of(odd)})), "the row has no known shape", "odd.jsonl:1", "\"prompt\"");
  expect_error(run(Json::array({of(a, {{"columns", {{"n", 2}}}})})), "the row has \"n\" = 1.5 already", "a.jsonl:1", "wanted was 2");
  expect_error(run(Json::array({of(folder / "none.jsonl")})), "No such file", "none.jsonl", "");
  CHECK(folder.num_entries() == 3);
  CHECK(base::visited<MixConfig>() == base::arity<MixConfig>());
  CHECK(base::visited<MixInput>() == base::arity<MixInput>());
}

}  // namespace lockstep::rewards::data
