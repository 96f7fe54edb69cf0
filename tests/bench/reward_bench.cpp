// SPDX-License-Identifier: Apache-2.0
// Judges the pairs of a JSONL file with the math engine: a verdict a line, then speed on one core; or times hostile texts.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <iostream>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "rewards/math/extract.h"
#include "rewards/math/judge.h"
#include "tests/rewards/math/hostile.h"

namespace {

using lockstep::base::Json;
namespace math = lockstep::rewards::math;

struct Pair {
  std::string gold, prediction;
  bool is_completion;
};

math::Verdict judge(const Pair& pair) {
  const math::Answer gold = math::read_answer(pair.gold);
  if (!pair.is_completion) return math::judge(gold, math::read_answer(pair.prediction));
  const auto found = math::extract(pair.prediction, {});
  if (!found.answer) return {.reason = found.problem};
  return math::judge(gold, math::read_answer(*found.answer));
}

void print_speed(const std::vector<Pair>& pairs, int repetitions) {
  std::vector<double> micros;
  const auto start = std::chrono::steady_clock::now();
  for (int round = 0; round < repetitions; ++round) {
    for (const Pair& pair : pairs) {
      const auto begin = std::chrono::steady_clock::now();
      judge(pair);
      micros.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count());
    }
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::sort(micros.begin(), micros.end());
  const auto quantile = [&](double q) {
    return micros[std::min(micros.size() - 1, static_cast<size_t>(q * static_cast<double>(micros.size())))];
  };
  std::cout << Json({{"pairs_per_s", static_cast<double>(micros.size()) / seconds},
                     {"p50_us", quantile(0.5)},
                     {"p99_us", quantile(0.99)},
                     {"max_us", micros.back()}})
                   .dump()
            << "\n";
}

double cpu_ms() { return 1e3 * static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

double peak_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

// The most CPU time of one call, and how far the peak of the process's memory has risen, for each hostile text.
void print_hostile() {
  const double idle_mib = peak_mib();
  double slowest = 0;
  const auto measure = [&](const std::string& text, const std::vector<Pair>& pairs) {
    double most = 0;
    for (const Pair& pair : pairs) {
      const double begin = cpu_ms();
      judge(pair);
      most = std::max(most, cpu_ms() - begin);
    }
    slowest = std::max(slowest, most);
    std::cout << Json({{"text", text.substr(0, 40)}, {"bytes", text.size()}, {"cpu_ms", most}})
                     .dump(-1, ' ', true, Json::error_handler_t::replace)
              << "\n";
  };
  for (const std::string& text : math::hostile_answers()) {
    std::vector<Pair> pairs;
    for (const std::string& other : math::partners(text)) {
      pairs.push_back({text, other, false});
      pairs.push_back({other, text, false});
    }
    measure(text, pairs);
  }
  for (const std::string& text : math::hostile_completions()) measure(text, {{"42", text, true}});
  std::cout << Json({{"slowest_ms", slowest}, {"peak_mib", peak_mib()}, {"idle_mib", idle_mib}}).dump() << "\n";
}

}  // namespace

// reward_bench --hostile: hostile texts instead of a file.
// reward_bench FILE.jsonl [REPETITIONS]; rows {"gold", "pred", "form": "answer" | "completion"}.
int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: reward_bench FILE.jsonl [REPETITIONS] | --hostile\n";
    return 2;
  }
  try {
    if (argv[1] == std::string_view("--hostile")) {
      print_hostile();
      return 0;
    }
    std::vector<Pair> pairs;
    lockstep::base::for_each_line(argv[1], [&](std::string_view line, size_t) {
      const Json row = lockstep::base::parse_json(line, argv[1]);
      pairs.push_back({row.at("gold"), row.at("pred"), row.value("form", "answer") == "completion"});
    });
    for (const Pair& pair : pairs) {
      const math::Verdict verdict = judge(pair);
      std::cout << Json({{"equal", verdict.is_equal}, {"reason", verdict.reason}}).dump() << "\n";
    }
    print_speed(pairs, argc > 2 ? std::max(1, std::stoi(argv[2])) : 1);
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
  return 0;
}
