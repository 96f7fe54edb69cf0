// SPDX-License-Identifier: Apache-2.0
// A sampled completion taken apart, and put together in another pattern.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rewards/data/rewrite_config.h"
#include "rewards/extract.h"
#include "rewards/rows/example.h"
#include "rewards/text_template.h"

namespace re2 {
class RE2;
}

namespace lockstep::rewards::data {

struct RewriteParts {
  std::string prompt;     // the contents of its turns, one a line
  std::string reasoning;  // inside <think>..</think>, after the replacements; trimmed
  std::string summary;    // what follows </think>, trimmed
  std::optional<std::string> answer = {};
};

// Why a row cannot be rewritten, by the names that reports use.
namespace drop {
inline constexpr const char* kNoThought = "no thought";          // no </think>, or several thoughts
inline constexpr const char* kNoReasoning = "no reasoning left";
inline constexpr const char* kNoSummary = "no summary";
inline constexpr const char* kNoAnswer = "no answer";            // where the pattern asks for it
inline constexpr const char* kNoText = "no text from the model";
inline constexpr const char* kThinkTags = "think tags in the text";
inline constexpr const char* kAnswerChanged = "answer changed";
std::vector<std::string> all();
}  // namespace drop

class RewriteRules {
 public:
  // Error, with `where` as the path of the config, for a pattern that does not compile, a replacement that names a group that
  // is not there, a template with a place that is none, and one that uses neither reasoning, summary nor answer.
  RewriteRules(const RewriteConfig& config, const std::string& where);
  ~RewriteRules();

  // Takes a row apart; the second is nullptr, or why it cannot be.
  std::pair<RewriteParts, const char*> take_apart(const rows::Example& example) const;
  std::string request(const RewriteParts& parts) const;
  // Puts a model's text where the config says. nullptr, or why that cannot be.
  const char* put_in(RewriteParts& parts, const std::string& text) const;
  // The new completion, or nothing and why.
  std::pair<std::string, const char*> put_together(const RewriteParts& parts) const;

 private:
  std::optional<std::string> answer_in(const std::string& prompt, const std::string& completion) const;
  std::string filled(const TextTemplate& text, const RewriteParts& parts) const;

  RewriteConfig config_;
  TextTemplate output_, request_;
  std::vector<std::pair<std::unique_ptr<re2::RE2>, std::string>> replacements_;
};

}  // namespace lockstep::rewards::data
