// SPDX-License-Identifier: Apache-2.0
// The families' regular expressions on RE2, which has no look-ahead: `\s+(?!\S)|\s+` becomes one alternative whose match
// gives its last character back.
#include "model/pretokenizer.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "model/tokenizer_from_parts.h"
#include "model/unicode_classes.h"

namespace lockstep::model {
namespace {

using base::Json;

constexpr std::string_view kGpt2 =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
constexpr std::string_view kLlama3 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|)"
    R"(\s+(?!\S)|\s+)";
constexpr std::string_view kQwen2 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|)"
    R"(\s+(?!\S)|\s+)";
constexpr std::string_view kDeepSeekNumbers = R"(\p{N}{1,3})";
constexpr std::string_view kDeepSeekCjk = "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+";
constexpr std::string_view kDeepSeekWords =
    "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+|"
    " ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+";

// kDigits: every digit alone. kByteLevel: the word's bytes are written in GPT-2's alphabet, no cut.
enum class StepKind { kSplit, kDigits, kByteLevelGpt2, kByteLevel };

struct StepSpec {
  StepKind kind;
  std::string_view pattern = {};
};

struct Family {
  std::string_view name;
  std::vector<StepSpec> steps;
  PretokenizerTraits traits = {};
};

const std::vector<Family>& families() {
  static const std::vector<Family> table = {
      {"gpt-2", {{StepKind::kByteLevelGpt2}}},
      {"llama-bpe", {{StepKind::kSplit, kLlama3}, {StepKind::kByteLevel}}, {.ignore_merges = true}},
      {"qwen2", {{StepKind::kSplit, kQwen2}, {StepKind::kByteLevel}}, {.nfc = true}},
      {"smollm", {{StepKind::kDigits}, {StepKind::kByteLevelGpt2}}},
      {"deepseek-v3",
       {{StepKind::kSplit, kDeepSeekNumbers},
        {StepKind::kSplit, kDeepSeekCjk},
        {StepKind::kSplit, kDeepSeekWords},
        {StepKind::kByteLevel}}},
  };
  return table;
}

const Family& family(std::string_view name) {
  const auto at = std::find_if(families().begin(), families().end(), [&](const Family& f) { return f.name == name; });
  LOCKSTEP_CHECK(at != families().end(), "a pre-tokenizer name that check_parts lets through");
  return *at;
}

// The classes of a pattern spelt out: \s and \p{X} become ranges, inside brackets as they stand, outside in brackets.
std::string spell_out(std::string_view pattern) {
  const std::array<std::pair<std::string_view, std::span<const CodePointRange>>, 6> classes{{{"\\p{L}", kLetters},
                                                                                           {"\\p{N}", kNumbers},
                                                                                           {"\\p{M}", kMarks},
                                                                                           {"\\p{P}", kPunctuation},
                                                                                           {"\\p{S}", kSymbols},
                                                                                           {"\\s", kWhiteSpace}}};
  std::string out;
  bool is_in_bracket = false;
  while (!pattern.empty()) {
    const auto known = std::find_if(classes.begin(), classes.end(),
                                    [&](const auto& entry) { return pattern.starts_with(entry.first); });
    size_t length = pattern.front() == '\\' ? 2 : 1;
    if (known != classes.end()) {
      const std::string ranges = bracket_text(known->second);
      out += is_in_bracket ? ranges : cat("[", ranges, "]");
      length = known->first.size();
    } else {
      if (length == 1 && pattern.front() == '[') is_in_bracket = true;
      if (length == 1 && pattern.front() == ']') is_in_bracket = false;
      out += pattern.substr(0, length);
    }
    pattern.remove_prefix(length);
  }
  return out;
}

}  // namespace

// One regular expression whose matches become words; what lies between matches becomes words too.
class Pretokenizer::Step {
 public:
  explicit Step(std::string_view pattern) {
    constexpr std::string_view kTail = R"(|\s+(?!\S)|\s+)";
    has_tail_ = pattern.ends_with(kTail);
    if (has_tail_) pattern.remove_suffix(kTail.size());
    takes_line_ends_ = pattern.find("\\s*[\r\n]+") != std::string_view::npos ||
                       pattern.find(R"(\s*[\r\n]+)") != std::string_view::npos;
    RE2::Options options(RE2::Quiet);
    options.set_max_mem(int64_t{64} << 20);  // room for the automaton of the large classes
    regex_ = std::make_unique<RE2>(spell_out(pattern) + (has_tail_ ? spell_out("|\\s+") : ""), options);
    LOCKSTEP_CHECK(regex_->ok(), regex_->error());
  }

  void split(std::string_view text, std::vector<std::string_view>& words) const {
    size_t taken = 0;
    while (taken < text.size()) {
      re2::StringPiece match;
      const re2::StringPiece all(text.data(), text.size());
      if (!regex_->Match(all, taken, text.size(), RE2::UNANCHORED, &match, 1)) break;
      const auto start = static_cast<size_t>(match.data() - text.data());
      const size_t length = kept_bytes(text.substr(start, match.size()), start + match.size() == text.size());
      if (start > taken) words.push_back(text.substr(taken, start - taken));
      words.push_back(text.substr(start, length));
      taken = start + length;
    }
    if (taken < text.size()) words.push_back(text.substr(taken));
  }

 private:
  // `\s+(?!\S)`: white space before a word leaves its last character to that word, unless it has only one. A match that
  // ends in white space is the tail's, except for line ends where the pattern has an alternative for them.
  size_t kept_bytes(std::string_view match, bool is_at_end) const {
    if (!has_tail_ || is_at_end) return match.size();
    const size_t last = last_code_point_bytes(match);
    const bool is_line_end = match.ends_with('\n') || match.ends_with('\r');
    if (last == match.size() || (takes_line_ends_ && is_line_end)) return match.size();
    return trailing_white_space(match.substr(match.size() - last)) == 0 ? match.size() : match.size() - last;
  }

  std::unique_ptr<RE2> regex_;
  bool has_tail_ = false;         // ends in `\s+(?!\S)|\s+`
  bool takes_line_ends_ = false;  // has the alternative `\s*[\r\n]+`
};

Pretokenizer::Pretokenizer(std::string_view name) {
  for (const StepSpec& spec : family(name).steps) {
    if (spec.kind == StepKind::kSplit) steps_.push_back(std::make_unique<Step>(spec.pattern));
    if (spec.kind == StepKind::kDigits) steps_.push_back(std::make_unique<Step>(cat("[", bracket_text(kDigits), "]")));
    if (spec.kind == StepKind::kByteLevelGpt2) steps_.push_back(std::make_unique<Step>(kGpt2));
  }
}

Pretokenizer::~Pretokenizer() = default;

std::vector<std::string_view> Pretokenizer::split(std::string_view text) const {
  std::vector<std::string_view> words;
  if (!text.empty()) words.push_back(text);
  for (const auto& step : steps_) {
    std::vector<std::string_view> finer;
    for (const std::string_view word : words) step->split(word, finer);
    words = std::move(finer);
  }
  return words;
}

const std::vector<std::string>& pretokenizer_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> out;
    for (const Family& f : families()) out.emplace_back(f.name);
    return out;
  }();
  return names;
}

PretokenizerTraits pretokenizer_traits(std::string_view name) { return family(name).traits; }

namespace {

Json step_json(const StepSpec& step) {
  switch (step.kind) {
    case StepKind::kSplit:
      return {{"type", "Split"},
              {"pattern", {{"Regex", std::string(step.pattern)}}},
              {"behavior", "Isolated"},
              {"invert", false}};
    case StepKind::kDigits: return {{"type", "Digits"}, {"individual_digits", true}};
    case StepKind::kByteLevelGpt2:
    case StepKind::kByteLevel: break;
  }
  return {{"type", "ByteLevel"},
          {"add_prefix_space", false},
          {"trim_offsets", true},
          {"use_regex", step.kind == StepKind::kByteLevelGpt2}};
}

// trim_offsets concerns character offsets, which we do not have; use_regex is true when it is absent.
Json canonical_step(Json step) {
  if (step.is_object() && step.value("type", Json()) == "ByteLevel") {
    step.erase("trim_offsets");
    if (!step.contains("use_regex")) step["use_regex"] = true;
  }
  return nlohmann::json(step);  // members sorted, so that their order does not count
}

std::vector<Json> canonical_steps(const Json& json) {
  std::vector<Json> steps;
  const bool is_sequence = json.is_object() && json.value("type", Json()) == "Sequence" &&
                           json.contains("pretokenizers") && json["pretokenizers"].is_array();
  if (!is_sequence) return {canonical_step(json)};
  for (const Json& step : json["pretokenizers"]) steps.push_back(canonical_step(step));
  return steps;
}

}  // namespace

Json pretokenizer_json(std::string_view name) {
  const auto& steps = family(name).steps;
  if (steps.size() == 1) return step_json(steps.front());
  Json list = Json::array();
  for (const StepSpec& step : steps) list.push_back(step_json(step));
  return {{"type", "Sequence"}, {"pretokenizers", list}};
}

std::optional<std::string> pretokenizer_name(const Json& json) {
  const auto wanted = canonical_steps(json);
  for (const Family& f : families()) {
    if (canonical_steps(pretokenizer_json(f.name)) == wanted) return std::string(f.name);
  }
  return std::nullopt;
}

}  // namespace lockstep::model
