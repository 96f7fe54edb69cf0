// SPDX-License-Identifier: Apache-2.0
// One function per rule.
#include "rewards/data/filter_rules.h"

#include <algorithm>
#include <unordered_map>

#include "base/error.h"
#include "base/text.h"
#include "rewards/data/words.h"
#include "rewards/language.h"
#include "rewards/repetition.h"
#include "rewards/rows/example.h"

namespace lockstep::rewards::data {
namespace {

using base::Json;

int64_t num_words(std::string_view text) { return static_cast<int64_t>(Words(text, Symbols::drop).size()); }

int64_t num_characters(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<uint8_t>(c) & 0xC0) != 0x80; });
}

// Words as the repetition reward has them, but for scripts without spaces, whose letters are words here.
std::vector<int32_t> numbered(const Words& words) {
  std::unordered_map<std::string_view, int32_t> numbers;
  std::vector<int32_t> list;
  for (size_t i = 0; i < words.size(); ++i) {
    list.push_back(numbers.try_emplace(words.gram(i, 1), static_cast<int32_t>(numbers.size())).first->second);
  }
  return list;
}

bool is_blank(std::string_view line) { return base::trim(line).empty(); }

// Paragraphs stand between blank lines.
int64_t longest_paragraph(std::string_view text) {
  int64_t longest = 0;
  for (size_t begin = 0, at = 0; begin < text.size(); begin = at) {
    while (at < text.size()) {
      const size_t end = std::min(text.find('\n', at), text.size());
      const bool is_end = is_blank(text.substr(at, end - at));
      at = std::min(end + 1, text.size());
      if (is_end) break;
    }
    longest = std::max(longest, num_words(text.substr(begin, at - begin)));
  }
  return longest;
}

}  // namespace

Candidate read_candidate(const Json& row, const std::string& where) {
  rows::Example example = rows::read_example(row, where);
  if (!example.completion || example.shape == rows::Shape::text) {
    throw Error("the row has no completion to judge", where, "give rows that `lockstep generate --json` or a run wrote, or SFT rows");
  }
  Json flat = std::move(example.columns);
  flat["prompt"] = rows::prompt_text(example);
  flat["completion"] = *example.completion;
  if (!example.gold.is_null()) flat["answer"] = example.gold;
  if (const auto ids = flat.find("ids"); ids != flat.end() && ids->is_array()) flat["completion_ids"] = *ids;
  if (const auto finish = flat.find("finish_reason"); finish != flat.end() && finish->is_string()) {
    flat["is_terminated"] = *finish != "length";
  }
  Candidate candidate{.sample = tools::read_sample_row(std::move(flat), where), .chain = {}};
  candidate.chain = thought_of(candidate.sample.completion);
  return candidate;
}

RowRules::RowRules(const FilterConfig& config, const std::string& where) : config_(config) {
  add(config.require_end, "cut off", &RowRules::is_cut_off);
  add(config.min_reward.has_value(), "reward", &RowRules::has_low_reward);
  add(config.min_words > 0, "too short", &RowRules::is_short);
  add(config.max_words > 0 || config.max_characters > 0, "too long", &RowRules::is_long);
  add(!config.format.empty(), "format", &RowRules::has_bad_format);
  add(config.refuse_code, "code block", &RowRules::has_code);
  add(config.max_paragraph_words > 0, "long paragraph", &RowRules::has_long_paragraph);
  add(config.max_repeated_share.has_value(), "repetition", &RowRules::is_repetitive);
  add(!config.language.empty(), "language", &RowRules::mixes_languages);
  add(!config.rewards.empty(), "score", &RowRules::has_low_score);
  if (!config.format.empty()) {
    format_ = make_reward({.type = "format", .options = {{"preset", config.format}}}, config.seed, where + "/format");
  }
  if (!config.rewards.empty()) rewards_.emplace(config.rewards, config.seed, where + "/rewards");
}

void RowRules::add(bool is_asked_for, const char* name, Rule rule) {
  if (!is_asked_for) return;
  names_.emplace_back(name);
  rules_.push_back(rule);
}

uint32_t RowRules::dropped_by(const Candidate& candidate) const {
  uint32_t bits = 0;
  for (size_t i = 0; i < rules_.size(); ++i) bits |= (this->*rules_[i])(candidate) ? uint32_t{1} << i : 0;
  return bits;
}

bool RowRules::is_cut_off(const Candidate& candidate) const { return !candidate.sample.is_terminated; }

bool RowRules::has_low_reward(const Candidate& candidate) const {
  const auto found = candidate.sample.columns.find(config_.reward_column);
  return found == candidate.sample.columns.end() || !found->is_number() || found->get<double>() < *config_.min_reward;
}

bool RowRules::is_short(const Candidate& candidate) const { return num_words(candidate.sample.completion) < config_.min_words; }

bool RowRules::is_long(const Candidate& candidate) const {
  const std::string& text = candidate.sample.completion;
  return (config_.max_characters > 0 && num_characters(text) > config_.max_characters) ||
         (config_.max_words > 0 && num_words(text) > config_.max_words);
}

bool RowRules::has_bad_format(const Candidate& candidate) const {
  const Score score = format_->score(candidate.sample.sample());
  return score.status != Status::ok || score.value < 1;
}

bool RowRules::has_code(const Candidate& candidate) const { return candidate.chain.find("```") != std::string::npos; }

bool RowRules::has_long_paragraph(const Candidate& candidate) const {
  return longest_paragraph(candidate.chain) > config_.max_paragraph_words;
}

bool RowRules::is_repetitive(const Candidate& candidate) const {
  const auto list = numbered(Words(candidate.sample.completion, Symbols::keep));
  return repeated_share(list, static_cast<size_t>(config_.repetition_ngram)) > *config_.max_repeated_share;
}

bool RowRules::mixes_languages(const Candidate& candidate) const {
  const std::string target = config_.language == "prompt" ? guess_language(candidate.sample.prompt) : config_.language;
  if (target.empty()) return false;
  const LanguageShare found = language_share(candidate.chain, target);
  return found.num_words >= static_cast<double>(config_.min_language_words) && found.share < config_.min_language_share;
}

bool RowRules::has_low_score(const Candidate& candidate) const {
  const CombinedScore score = rewards_->score(candidate.sample.sample());
  return score.status != Status::ok || score.value < config_.min_score;
}

}  // namespace lockstep::rewards::data
