// SPDX-License-Identifier: Apache-2.0
// From a completion and its row to a score.
#include "rewards/code/accuracy_code.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "rewards/code/extract_code.h"
#include "rewards/extract.h"

namespace lockstep::rewards::code {
namespace {

struct Source {
  std::string_view text;  // "" when there is none
  std::string problem;
};

Source find_source(const Sample& sample, const CodeConfig& config, const LanguageConfig& language) {
  const auto text = after_thinking(sample.completion, is_think_open(sample, config.think_open_in_prompt));
  if (!text) return {{}, "the thinking is not closed"};
  std::vector<std::string> tags = language.tags;
  tags.push_back(language.name);
  auto program = find_program(*text, tags);
  if (!program && !config.require_fence && text->find("```") == std::string_view::npos) program = text;
  if (!program || base::trim(*program).empty()) return {{}, "no code"};
  if (program->size() > static_cast<size_t>(config.limits.source_kb) << 10) {
    return {{}, cat("the code has ", program->size(), " bytes")};
  }
  return {*program, {}};
}

// Which test expects more than a program may print; "" when none does.
std::string unreachable_test(const std::vector<TestCase>& tests, const LimitsConfig& limits) {
  for (size_t i = 0; i < tests.size(); ++i) {
    const size_t bytes = tests[i].is_call ? to_text(tests[i].result).size() : tests[i].output.size();
    if (bytes <= static_cast<size_t>(limits.output_kb) << 10) continue;
    return cat("test ", i + 1, " expects ", bytes, " bytes: more than limits.output_kb");
  }
  return {};
}

Score skip(std::string why) { return {.status = Status::skip, .detail = std::move(why)}; }

Score score_of(const Judgement& judgement, const std::string& credit) {
  using State = Judgement::State;
  if (judgement.state == State::timeout) return {.status = Status::timeout, .detail = judgement.detail};
  if (judgement.state == State::error) return {.status = Status::error, .detail = judgement.detail};
  const double share = static_cast<double>(judgement.num_passed) / static_cast<double>(judgement.num_tests);
  const bool runs_out = judgement.first_failure == TestEnd::too_slow || judgement.first_failure == TestEnd::too_big;
  Score score{.value = credit == "share" ? share : judgement.num_passed == judgement.num_tests,
              .detail = judgement.detail};
  score.metrics = {{"has_code", 1},
                   {"compiles", judgement.is_compiled},
                   {"pass_share", share},
                   {"runs_out", runs_out},
                   {"cpu_s", judgement.cpu_s}};
  return score;
}

}  // namespace

AccuracyCode::AccuracyCode(std::string name, const CodeConfig& config, const std::string& where)
    : NamedReward(std::move(name)), config_(config), judge_(config, where) {}

Score AccuracyCode::score(const Sample& sample) const {
  std::string name = config_.language;
  if (name == "column") {
    const auto column = sample.columns->find("language");
    if (column == sample.columns->end() || !column->is_string()) return skip("the row has no column \"language\"");
    name = column->get<std::string>();
  }
  const LanguageConfig* language = judge_.find_language(name);
  if (language == nullptr) return skip(cat("unknown language ", base::printable(name)));
  TestSet tests = tests_of_row(*sample.columns, config_.column);
  if (!tests.problem.empty()) return skip(tests.problem);
  const auto is_call = [](const TestCase& test) { return test.is_call; };
  const bool is_python = language->compile.empty() && language->run.empty();
  if (!is_python && std::any_of(tests.cases.begin(), tests.cases.end(), is_call)) {
    return skip("function tests are for Python only");
  }
  if (config_.max_tests > 0 && tests.cases.size() > static_cast<size_t>(config_.max_tests)) {
    tests.cases.resize(static_cast<size_t>(config_.max_tests));
  }
  if (const std::string problem = unreachable_test(tests.cases, config_.limits); !problem.empty()) return skip(problem);
  const Source source = find_source(sample, config_, *language);
  if (source.text.empty()) return {.value = 0, .detail = source.problem, .metrics = {{"has_code", 0}}};
  return score_of(judge_.judge(*language, source.text, tests.cases), config_.credit);
}

}  // namespace lockstep::rewards::code
