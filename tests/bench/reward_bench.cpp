// SPDX-License-Identifier: Apache-2.0
// Judges the pairs of a JSONL file with the math engine: a verdict a line, then speed on one core. Links no torch.
#include <algorithm>
#include <chrono>
#include <iostream>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "rewards/math/extract.h"
#include "rewards/math/judge.h"

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
  const auto quantile = [&](double q) { return micros[std::min(micros.size() - 1, static_cast<size_t>(q * static_cast<double>(micros.size())))]; };
  std::cout << Json({{"pairs_per_s", static_cast<double>(micros.size()) / seconds},
                     {"p50_us", quantile(0.5)},
                     {"p99_us", quantile(0.99)},
                     {"max_us", micros.back()}})
                   .dump()
            << "\n";
}

}  // namespace

// reward_bench FILE.jsonl [REPETITIONS]; rows {"gold", "pred", "form": "answer" | "completion"}.
int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: reward_bench FILE.jsonl [REPETITIONS]\n";
    return 2;
  }
  try {
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
