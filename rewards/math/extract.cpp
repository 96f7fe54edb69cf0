// SPDX-License-Identifier: Apache-2.0
// Scanners for each source; none looks at a byte more than a few times.
#include "rewards/math/extract.h"

#include <re2/re2.h>

#include <algorithm>

#include "base/text.h"
#include "rewards/math/judge.h"

namespace lockstep::rewards::math {
namespace {

using Found = std::optional<std::string>;

// How much text after an anchor may hold the answer.
constexpr size_t kMaxTail = 1024;
constexpr size_t kMaxBoxes = 64;
// Boxes this near to each other belong together, at most 70 bytes apart when a word joins them.
constexpr size_t kNearBoxes = 10, kJoinedBoxes = 70;

struct Span {
  size_t begin, end;  // of the whole construct
  std::string_view content;
};

bool starts_at(std::string_view text, size_t at, std::string_view word) { return text.substr(at, word.size()) == word; }

// "\boxed 5$": no braces; up to the end of the formula or word.
std::optional<Span> bare_box(std::string_view text, size_t at) {
  if (!starts_at(text, at, "\\boxed ")) return std::nullopt;
  const size_t begin = text.find_first_not_of(' ', at + 7);
  if (begin == std::string_view::npos || begin > at + 16 || text[begin] == '{') return std::nullopt;
  const size_t end = std::min(text.find_first_of("$ \n", begin), text.size());
  return Span{at, end, text.substr(begin, end - begin)};
}

std::vector<Span> boxes_in(std::string_view text) {
  std::vector<Span> spans;
  for (std::string_view content : find_boxes(text)) {
    const size_t begin = static_cast<size_t>(content.data() - text.data());
    spans.push_back({text.rfind('\\', begin), begin + content.size() + 1, content});
  }
  for (size_t at = text.find("\\boxed "); at != std::string_view::npos; at = text.find("\\boxed ", at + 1)) {
    if (const auto span = bare_box(text, at)) spans.push_back(*span);
  }
  std::sort(spans.begin(), spans.end(), [](const Span& a, const Span& b) { return a.begin < b.begin; });
  // "Put your answer in \boxed{}" states nothing.
  std::erase_if(spans, [](const Span& span) { return base::trim(span.content).empty(); });
  return spans;
}

// \boxed{\boxed{5}} says 5.
std::string innermost(std::string_view content) {
  for (int depth = 0; depth < 4; ++depth) {
    const std::vector<Span> inner = boxes_in(content);
    if (inner.size() != 1) break;
    content = inner[0].content;
  }
  return std::string(base::trim(content));
}

bool belong_together(std::string_view text, const Span& before, const Span& after) {
  if (after.begin < before.end) return false;
  const std::string_view between = text.substr(before.end, after.begin - before.end);
  if (between.size() >= kJoinedBoxes) return false;
  const re2::StringPiece words(between.data(), between.size());
  // "\boxed{3}, not \boxed{4}" means the first one. Which of two an answer rejects is not ours to guess: as a list they
  // equal neither.
  static const RE2 rejection("(?i)\\b(?:not|than|instead of)\\W*$", RE2::Latin1);
  if (RE2::PartialMatch(words, rejection)) return true;
  // What takes an answer back does not add to it: "\boxed{3}. Wait, that's wrong, \boxed{4}".
  static const RE2 correction(
      "(?i)\\b(?:no|wait|actually|oops|hmm|sorry|instead|rather|wrong|incorrect|mistake|mistaken|correction|"
      "not (?:right|correct|quite|it|true|possible))\\b",
      RE2::Latin1);
  if (RE2::PartialMatch(words, correction)) return false;
  static const RE2 joint("(?i)[,;]|\\b(?:and|or)\\b", RE2::Latin1);
  return between.size() < kNearBoxes || RE2::PartialMatch(words, joint);
}

Extraction joined_boxes(std::string_view text, const std::vector<Span>& boxes) {
  std::vector<std::string> parts = {innermost(boxes.back().content)};
  for (size_t i = boxes.size() - 1; i-- > 0 && parts.size() < kMaxBoxes;) {
    if (!belong_together(text, boxes[i], boxes[i + 1])) break;
    const std::string part = innermost(boxes[i].content);
    if (std::find(parts.begin(), parts.end(), part) == parts.end()) parts.push_back(part);
  }
  std::reverse(parts.begin(), parts.end());
  return {base::join(parts, ", "), ""};
}

std::optional<Extraction> from_boxes(std::string_view text, const std::string& rule) {
  const std::vector<Span> boxes = boxes_in(text);
  if (boxes.empty()) return std::nullopt;
  if (rule == "join") return joined_boxes(text, boxes);
  if (rule == "agree") {
    if (boxes.size() > kMaxBoxes) return Extraction{std::nullopt, cat(boxes.size(), " boxes")};
    Limits limits;  // for all of them together
    limits.max_steps /= static_cast<int64_t>(boxes.size());
    const Answer last = read_answer(innermost(boxes.back().content));
    for (const Span& box : boxes) {
      if (!judge(last, read_answer(innermost(box.content)), {}, limits).is_equal)
        return Extraction{std::nullopt, "several different boxes"};
    }
  }
  return Extraction{innermost(boxes.back().content), ""};
}

// $...$, $$...$$, \(...\), \[...\] in order. A $ is escaped by a backslash, and pairs with the next one.
std::vector<Span> formulas_in(std::string_view text) {
  std::vector<Span> spans;
  for (size_t at = 0; at < text.size(); ++at) {
    std::string_view open, close;
    if (starts_at(text, at, "$$")) {
      open = close = "$$";
    } else if (text[at] == '$') {
      open = close = "$";
    } else if (starts_at(text, at, "\\(") || starts_at(text, at, "\\[")) {
      open = text.substr(at, 2);
      close = open == "\\(" ? "\\)" : "\\]";
    } else {
      at += text[at] == '\\' ? 1 : 0;
      continue;
    }
    const size_t begin = at + open.size();
    size_t end = begin;
    while (end < text.size() && !starts_at(text, end, close)) end += text[end] == '\\' ? 2 : 1;
    if (end >= text.size()) break;
    if (!base::trim(text.substr(begin, end - begin)).empty()) {
      spans.push_back({at, end + close.size(), text.substr(begin, end - begin)});
    }
    at = end + close.size() - 1;
  }
  return spans;
}

// The end of the sentence that begins the text: a full stop before white space, or a line break, outside of formulas.
size_t sentence_end(std::string_view text, const std::vector<Span>& formulas) {
  size_t next = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    while (next < formulas.size() && formulas[next].end <= at) ++next;
    if (next < formulas.size() && formulas[next].begin <= at) {
      at = formulas[next].end - 1;
    } else if (text[at] == '\n' ||
               (text[at] == '.' && (at + 1 == text.size() || text[at + 1] == ' ' || text[at + 1] == '\n'))) {
      return at;
    }
  }
  return text.size();
}

// The sentence after an anchor: behind its last "is", "are" or colon; formulas that words join make a list.
Found from_sentence(std::string_view tail) {
  const size_t begin = tail.find_first_not_of(" \t\r\n:*\"'=");
  if (begin == std::string_view::npos) return std::nullopt;
  tail = tail.substr(begin, kMaxTail);
  tail = tail.substr(0, sentence_end(tail, formulas_in(tail)));
  static const RE2 verb("(?is)^.*\\b(?:is|are|equals|be)\\b[\\s:*\"]*(.+)$", RE2::Latin1);
  re2::StringPiece rest(tail.data(), tail.size());
  re2::StringPiece object;
  if (RE2::FullMatch(rest, verb, &object)) tail = {object.data(), object.size()};
  const std::vector<Span> formulas = formulas_in(tail);
  static const RE2 joint("(?is)[\\s,;\"]*(?:and|or)?[\\s,;\"]*", RE2::Latin1);
  std::string joined;
  for (size_t i = 0; i < formulas.size(); ++i) {
    if (i > 0) {
      const std::string_view between = tail.substr(formulas[i - 1].end, formulas[i].begin - formulas[i - 1].end);
      if (!RE2::FullMatch({between.data(), between.size()}, joint)) break;
      joined += ", ";
    }
    joined += formulas[i].content;
  }
  if (!formulas.empty() &&
      base::trim(tail.substr(0, formulas[0].begin)).find_first_not_of("\"*(") == std::string_view::npos)
    return joined;
  // Words in front of the formula: "largest $n$" has no answer in it, "x = $5$" has.
  tail = base::trim(tail);
  while (!tail.empty() && (tail.back() == '*' || tail.back() == '"' || tail.back() == '.')) tail.remove_suffix(1);
  return tail.empty() ? std::nullopt : Found(std::string(base::trim(tail)));
}

Found from_final_answer(std::string_view text) {
  static const RE2 anchor("(?i)\\b(?:final\\s+answer|answer)\\b(?:\\s*\\*\\*)?(?:\\s+is\\b)?", RE2::Latin1);
  re2::StringPiece rest(text.data(), text.size());
  Found last;
  while (RE2::FindAndConsume(&rest, anchor)) {
    const std::string_view tail(rest.data(), rest.size());
    // "answer" alone needs a colon, "is" or a formula behind it to announce one.
    const size_t consumed = text.size() - tail.size();
    const bool has_verb =
        consumed >= 2 && (text.substr(consumed - 2, 2) == "is" || text.substr(consumed - 2, 2) == "**");
    const size_t next = tail.find_first_not_of(" \t\r\n*");
    if (next == std::string_view::npos) continue;
    const bool announces = tail[next] == ':' || tail[next] == '$' || tail[next] == '=' ||
                           starts_at(tail, next, "\\[") || starts_at(tail, next, "\\(");
    if (!has_verb && !announces) continue;
    if (auto found = from_sentence(tail.substr(0, 2 * kMaxTail))) last = std::move(found);
  }
  return last;
}

Found from_hashes(std::string_view text) {
  const size_t at = text.rfind("####");
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view line = base::trim(text.substr(at + 4));
  line = base::trim(line.substr(0, line.find('\n')));
  return line.empty() ? std::nullopt : Found(std::string(line));
}

Found from_last_formula(std::string_view text) {
  const std::vector<Span> formulas = formulas_in(text);
  return formulas.empty() ? std::nullopt : Found(std::string(base::trim(formulas.back().content)));
}

Found from_last_number(std::string_view text) {
  static const RE2 number("(?:^|[^\\w.,])([-+]?(?:\\d[\\d,]*(?:\\.\\d+)?|\\.\\d+)(?:/\\d+)?%?)", RE2::Latin1);
  re2::StringPiece rest(text.data(), text.size());
  std::string value, last;
  while (RE2::FindAndConsume(&rest, number, &value)) last = value;
  while (!last.empty() && last.back() == ',') last.pop_back();
  return last.empty() ? std::nullopt : Found(last);
}

std::optional<Extraction> from_source(std::string_view text, const std::string& source, const ExtractOptions& options) {
  if (source == "boxed") return from_boxes(text, options.boxes);
  Found found;
  if (source == "answer_tag") {
    const AnswerTags tags = find_answer_tags(text);
    if (tags.contents.empty()) return std::nullopt;
    const std::string_view content = base::trim(tags.contents.back());
    if (auto boxed = from_boxes(content, options.boxes)) return boxed;
    return Extraction{std::string(content), ""};
  }
  if (source == "final_answer") found = from_final_answer(text);
  if (source == "hashes") found = from_hashes(text);
  if (source == "last_formula") found = from_last_formula(text);
  if (source == "last_number") found = from_last_number(text);
  return found ? std::optional(Extraction{std::move(found), ""}) : std::nullopt;
}

}  // namespace

Extraction extract(std::string_view completion, const ExtractOptions& options) {
  const auto text = after_thinking(completion, options.is_think_open);
  if (!text) return {std::nullopt, "the thinking is not closed"};
  for (const std::string& source : options.sources) {
    if (auto found = from_source(*text, source, options)) return *std::move(found);
  }
  return {std::nullopt, "no answer found"};
}

}  // namespace lockstep::rewards::math
