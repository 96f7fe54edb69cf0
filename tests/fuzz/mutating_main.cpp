// SPDX-License-Identifier: Apache-2.0
// Drives a fuzz target without libFuzzer: random and mutated inputs from a seed, so that a finding can be repeated.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/rng.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

using lockstep::base::Random;
constexpr size_t kMaxInput = 6000;  // a little beyond what a parser accepts

// Pieces of mathematics: random bytes alone would rarely get past the first token.
const std::vector<std::string>& words() {
  static const std::vector<std::string> list = {
      "\\frac{", "}{", "}", "{", "\\sqrt", "[3]", "^", "_", "(", ")", "[", "]", "\\{", "\\}", "\\left(", "\\right]",
      ",", ";", "\\\\", "&", "\\begin{pmatrix}", "\\end{pmatrix}", "\\begin{cases}", "\\end{cases}", "\\pm", "+", "-",
      "*", "/", "=", "<", "\\le", "\\in", "\\cup", "\\cap", "\\setminus", "\\mathbb{R}", "\\infty", "\\pi", "e", "i",
      "x", "y", "n", "0", "1", "2", "10", "999999999", "1,234", "0.5", "1e9", "e-99999", "\\%", "%", "\\$", "$",
      "^\\circ", "\\text{", "\\text{ cm}", " and ", " or ", "\\sum_{k=1}^{", "\\prod_{i=0}^{", "\\int", "!", "\\binom{",
      "\\log_", "\\sin", "\\arcsin", "|", "\\lfloor", "\\rfloor", ":", "\\ldots", "...", "\\overline{", "\\boxed{",
      "<answer>", "</answer>", "<think>", "</think>", "####", "final answer is", "\\mathrm{", "\\color{red}", "\\not",
      "\\bmod", "\\pmod{", "\\forall", "\\over", "\\choose", "\xE2\x88\x9A", "\xC2\xBD", "\xEF\xBC\x91", "\xE2\x88\x92",
      "\xF0\x9D\x91\xA5", "\xC2\xB2", "\xE2\x82\x85", "\n", " ", "\xFF"};
  return list;
}

std::string random_input(Random& random) {
  std::string text;
  const uint64_t pieces = 1 + random.below(24);
  for (uint64_t i = 0; i < pieces; ++i) {
    if (random.chance(0.15)) {
      text += static_cast<char>(random.below(256));
    } else {
      text += random.pick(words());
    }
  }
  return text;
}

void mutate(std::string& text, const std::vector<std::string>& corpus, Random& random) {
  const size_t at = random.below(text.size() + 1);
  switch (random.below(7)) {
    case 0:
      if (at < text.size()) text[at] = static_cast<char>(random.below(256));
      return;
    case 1:
      text.insert(at, random.pick(words()));
      return;
    case 2:
      text.erase(at, 1 + random.below(8));
      return;
    case 3: {  // another input's tail
      const std::string& other = random.pick(corpus);
      text = text.substr(0, at) + other.substr(std::min<size_t>(other.size(), random.below(other.size() + 1)));
      return;
    }
    case 4: {  // a piece many times: nesting and long chains
      const std::string piece = text.substr(at, 1 + random.below(8));
      const uint64_t times = random.chance(0.02) ? random.below(1000) : random.below(8);
      for (uint64_t i = 0; i < times && text.size() < kMaxInput; ++i) text.insert(at, piece);
      return;
    }
    case 5:
      if (at + 1 < text.size()) std::swap(text[at], text[at + 1]);
      return;
    default:
      text.insert(at, std::to_string(random.bits64() >> random.below(64)));
  }
}

std::vector<std::string> read_corpus(const std::string& folder) {
  std::vector<std::string> paths, corpus;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) paths.push_back(entry.path().string());
  std::sort(paths.begin(), paths.end());
  for (const std::string& path : paths) corpus.push_back(lockstep::base::read_file(path, kMaxInput));
  return corpus;
}

// The input that runs now, for the handler: seed and number tell which one to repeat.
volatile std::sig_atomic_t current_input = 0;
void name_input(int) {
  std::fprintf(stderr, "in input %ld\n", static_cast<long>(current_input));
  std::_Exit(1);
}

}  // namespace

// usage: NAME CORPUS_FOLDER NUM_INPUTS SEED [MAX_SECONDS]
int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: %s CORPUS_FOLDER NUM_INPUTS SEED [MAX_SECONDS]\n", argv[0]);
    return 2;
  }
  const std::vector<std::string> corpus = read_corpus(argv[1]);
  const uint64_t count = std::stoull(argv[2]), seed = std::stoull(argv[3]);
  const double max_seconds = argc > 4 ? std::stod(argv[4]) : 1e9;
  std::signal(SIGABRT, name_input);
  const auto start = std::chrono::steady_clock::now();
  double slowest = 0, seconds = 0;
  std::string slowest_input;
  uint64_t done = 0;
  for (; done < count && seconds < max_seconds; ++done) {
    current_input = static_cast<std::sig_atomic_t>(done);
    Random random(seed, "fuzz", done);
    std::string text = random.chance(0.2) ? random_input(random) : random.pick(corpus);
    const uint64_t mutations = random.below(6);
    for (uint64_t i = 0; i < mutations; ++i) mutate(text, corpus, random);
    if (text.size() > kMaxInput) text.resize(kMaxInput);
    LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(text.data()), text.size());
    const double now = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (now - seconds > slowest) {
      slowest = now - seconds;
      slowest_input = text;
    }
    seconds = now;
  }
  std::printf("%llu inputs in %.0f s without a finding; the slowest took %.1f ms: %s\n",
              static_cast<unsigned long long>(done), seconds, 1e3 * slowest, slowest_input.substr(0, 300).c_str());
  return 0;
}
