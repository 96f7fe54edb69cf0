// SPDX-License-Identifier: Apache-2.0
// Where the parts begin and end, and what must hold of them.
#include "rewards/data/rewrite_parts.h"

#include <re2/re2.h>

#include "base/error.h"
#include "base/text.h"
#include "rewards/answer.h"
#include "rewards/language.h"
#include "rewards/pattern.h"

namespace lockstep::rewards::data {
namespace {

constexpr std::string_view kOpen = "<think>", kClose = "</think>";

bool has_think_tag(std::string_view text) { return text.find(kOpen) != std::string_view::npos || text.find(kClose) != std::string_view::npos; }

std::string trimmed(std::string_view text) { return std::string(base::trim(text)); }

std::vector<std::string> places() { return {"prompt", "reasoning", "summary", "answer"}; }

}  // namespace

std::vector<std::string> drop::all() { return {kNoThought, kNoReasoning, kNoSummary, kNoAnswer, kNoText, kThinkTags, kAnswerChanged}; }

RewriteRules::RewriteRules(const RewriteConfig& config, const std::string& where)
    : config_(config), output_(config.output, places(), where + "/output"), request_(config.request, places(), where + "/request") {
  if (!output_.uses("reasoning") && !output_.uses("summary") && !output_.uses("answer")) {
    throw Error("every row would get the same completion", where + "/output", "write {reasoning}, {summary} or {answer} into it");
  }
  for (size_t i = 0; i < config.replacements.size(); ++i) {
    const std::string place = cat(where, "/replacements/", i);
    auto pattern = require_pattern(config.replacements[i].pattern, place + "/pattern");
    std::string problem;
    if (!pattern->CheckRewriteString(config.replacements[i].replacement, &problem)) {
      throw Error(cat("the replacement is not usable: ", problem), place + "/replacement", "name groups that the pattern has, \\\\ is a backslash");
    }
    replacements_.emplace_back(std::move(pattern), config.replacements[i].replacement);
  }
}

RewriteRules::~RewriteRules() = default;

std::optional<std::string> RewriteRules::answer_in(const std::string& prompt, const std::string& completion) const {
  return extract_answer({.prompt = prompt, .completion = completion, .columns = nullptr}, {.source = config_.source}).answer;
}

std::pair<RewriteParts, const char*> RewriteRules::take_apart(const rows::Example& example) const {
  RewriteParts parts{.prompt = rows::prompt_text(example), .reasoning = {}, .summary = {}};
  const std::string& completion = *example.completion;
  const Sample sample{.prompt = parts.prompt, .completion = completion, .columns = nullptr};
  const auto rest = after_thinking(completion, is_think_open(sample, "auto"));
  parts.reasoning = thought_of(completion);
  const size_t close = completion.find(kClose);
  const bool is_one = close != std::string::npos && close == completion.rfind(kClose);
  if (!rest || !is_one || has_think_tag(parts.reasoning)) {
    return {std::move(parts), drop::kNoThought};
  }
  for (const auto& [pattern, replacement] : replacements_) RE2::GlobalReplace(&parts.reasoning, *pattern, replacement);
  parts.reasoning = trimmed(parts.reasoning);
  parts.summary = trimmed(*rest);
  parts.answer = answer_in(parts.prompt, completion);
  if (has_think_tag(parts.reasoning)) return {std::move(parts), drop::kThinkTags};
  if (output_.uses("answer") && !parts.answer) return {std::move(parts), drop::kNoAnswer};
  return {std::move(parts), nullptr};
}

std::string RewriteRules::filled(const TextTemplate& text, const RewriteParts& parts) const {
  const std::string answer = parts.answer.value_or("");
  return text.fill({{"prompt", parts.prompt}, {"reasoning", parts.reasoning}, {"summary", parts.summary}, {"answer", answer}});
}

std::string RewriteRules::request(const RewriteParts& parts) const { return filled(request_, parts); }

const char* RewriteRules::put_in(RewriteParts& parts, const std::string& text) const {
  if (config_.rewrites == "both") {
    const size_t close = text.find(kClose);
    if (close == std::string::npos) return drop::kNoThought;
    parts.reasoning = trimmed(thought_of(text));
    parts.summary = trimmed(std::string_view(text).substr(close + kClose.size()));
  } else {
    (config_.rewrites == "reasoning" ? parts.reasoning : parts.summary) = trimmed(text);
  }
  return has_think_tag(parts.reasoning) || has_think_tag(parts.summary) ? drop::kThinkTags : nullptr;
}

std::pair<std::string, const char*> RewriteRules::put_together(const RewriteParts& parts) const {
  if (output_.uses("reasoning") && parts.reasoning.empty()) return {"", drop::kNoReasoning};
  if (output_.uses("summary") && parts.summary.empty()) return {"", drop::kNoSummary};
  std::string completion = filled(output_, parts);
  // A prompt that has opened the think block already must not see it opened again.
  const bool is_open = is_think_open({.prompt = parts.prompt, .completion = "", .columns = nullptr}, "auto");
  const size_t begin = completion.find_first_not_of(" \t\r\n");
  if (is_open && begin != std::string::npos && completion.compare(begin, kOpen.size(), kOpen) == 0) completion.erase(0, begin + kOpen.size());
  if (config_.keep_answer && parts.answer) {
    const auto answer = answer_in(parts.prompt, completion);
    if (!answer || !answers_equal(*answer, *parts.answer)) return {"", drop::kAnswerChanged};
  }
  return {std::move(completion), nullptr};
}

}  // namespace lockstep::rewards::data
