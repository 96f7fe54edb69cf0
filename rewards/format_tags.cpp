// SPDX-License-Identifier: Apache-2.0
// Scanning the four tags and checking what stands between them.
#include "rewards/format_tags.h"

#include <string.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.h"

namespace lockstep::rewards {
namespace {

constexpr std::array<std::string_view, 4> kTags = {"<think>", "</think>", "<answer>", "</answer>"};

struct Tag {
  size_t kind;  // index into kTags
  size_t begin, end;
};

std::vector<Tag> scan_tags(std::string_view text) {
  std::vector<Tag> tags;
  for (size_t at = text.find('<'); at != std::string_view::npos; at = text.find('<', at + 1)) {
    for (size_t kind = 0; kind < kTags.size(); ++kind) {
      if (text.substr(at, kTags[kind].size()) == kTags[kind]) tags.push_back({kind, at, at + kTags[kind].size()});
    }
  }
  return tags;
}

// Lower-case with single spaces, so that copies differ only in what matters.
std::string folded(std::string_view text) {
  std::string result;
  for (char c : base::trim(text)) {
    const bool is_space = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (is_space && !result.empty() && result.back() == ' ') continue;
    result += is_space ? ' ' : c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  }
  return result;
}

bool is_echo(std::string_view thought, std::string_view prompt) {
  static constexpr std::array<std::string_view, 4> kPlaceholders = {"reasoning process here", "thinking process here",
                                                                    "reasoning process", "..."};
  const std::string needle = folded(thought), haystack = folded(prompt);
  for (std::string_view placeholder : kPlaceholders) {
    if (needle == placeholder) return true;
  }
  // memmem is linear (two-way search), std::string::find is not.
  return memmem(haystack.data(), haystack.size(), needle.data(), needle.size()) != nullptr;
}

bool is_answer_placeholder(std::string_view answer) {
  const std::string text = folded(answer);
  return text == "answer here" || text == "answer" || text == "...";
}

bool is_blank(std::string_view text) { return base::trim(text).empty(); }

int64_t num_chars(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

// One scan of one completion.
class Scan {
 public:
  Scan(std::string_view completion, std::string_view prompt, const TagRules& rules)
      : text_(completion), prompt_(prompt), rules_(rules), tags_(scan_tags(completion)) {
    for (size_t kind = rules.think_is_open ? 1 : 0; kind < (rules.has_answer ? 4U : 2U); ++kind) expected_.push_back(kind);
  }

  TagReport run() {
    check_sequence();
    blocks_ = find_blocks();
    if (rules_.in_order) check(blocks_.has_value(), sequence_fault_.empty() ? "the tags are out of order" : sequence_fault_);
    if (rules_.nothing_outside) check_outside();
    check_thought();
    check_answer();
    return std::move(report_);
  }

 private:
  struct Blocks {
    std::string_view before = {}, thought = {}, between = {}, answer = {}, after = {};
  };

  void check(bool passed, const std::string& fault) {
    ++report_.num_checks;
    if (!passed) report_.faults.push_back(fault);
  }

  int64_t count(size_t kind) const {
    return std::count_if(tags_.begin(), tags_.end(), [&](const Tag& tag) { return tag.kind == kind; });
  }

  // One check per tag. With every tag once and in order, the fault names the first tag that departs from that.
  void check_sequence() {
    for (size_t i = 0; i < std::max(expected_.size(), tags_.size()); ++i) {
      if (i < expected_.size() && i < tags_.size() && tags_[i].kind == expected_[i]) continue;
      sequence_fault_ = i < tags_.size() ? cat("unexpected ", kTags[tags_[i].kind]) : cat(kTags[expected_[i]], " is missing");
      break;
    }
    const bool is_strict = rules_.exactly_once && rules_.in_order;
    for (size_t kind : expected_) {
      const int64_t times = count(kind);
      const bool is_right = rules_.exactly_once ? times == 1 : times >= 1;
      check(is_right, is_strict && !sequence_fault_.empty() ? sequence_fault_ : cat(kTags[kind], " stands ", times, " times"));
    }
    // Tags that have no place at all: an opening the prompt has made, an answer that is not asked for.
    if (rules_.exactly_once && std::any_of(tags_.begin(), tags_.end(), [&](const Tag& tag) { return !is_expected(tag.kind); })) {
      check(false, sequence_fault_);
    }
  }

  bool is_expected(size_t kind) const { return std::find(expected_.begin(), expected_.end(), kind) != expected_.end(); }

  // The first tag of each kind, each after the one before; nothing when they are not there in this order.
  std::optional<Blocks> find_blocks() const {
    std::vector<Tag> found;
    for (const Tag& tag : tags_) {
      if (found.size() < expected_.size() && tag.kind == expected_[found.size()]) found.push_back(tag);
    }
    if (found.size() < expected_.size()) return std::nullopt;
    if (rules_.exactly_once && !sequence_fault_.empty()) return std::nullopt;
    const size_t close = rules_.think_is_open ? 0 : 1;
    const size_t think_begin = rules_.think_is_open ? 0 : found[0].end;
    Blocks blocks{.before = text_.substr(0, rules_.think_is_open ? 0 : found[0].begin),
                  .thought = text_.substr(think_begin, found[close].begin - think_begin)};
    const std::string_view rest = text_.substr(found[close].end);
    if (!rules_.has_answer) {
      blocks.answer = rest;
      return blocks;
    }
    const Tag &open = found[close + 1], &end = found[close + 2];
    blocks.between = text_.substr(found[close].end, open.begin - found[close].end);
    blocks.answer = text_.substr(open.end, end.begin - open.end);
    blocks.after = text_.substr(end.end);
    return blocks;
  }

  void check_outside() {
    if (!blocks_) return check(!rules_.in_order && is_rest_blank(), fault_of_missing("text outside the blocks"));
    check(is_blank(blocks_->before) && is_blank(blocks_->between) && is_blank(blocks_->after),
          !is_blank(blocks_->before)    ? "text before <think>"
          : !is_blank(blocks_->between) ? "text between the blocks"
                                        : "text after </answer>");
  }

  void check_thought() {
    const std::string_view thought = block("<think>", blocks_ ? blocks_->thought : std::string_view());
    const int64_t chars = num_chars(base::trim(thought));
    if (chars == 0 && rules_.min_think_chars > 0) return check(false, fault_of_missing("the think block is empty"));
    if (chars < rules_.min_think_chars) return check(false, cat("the think block has ", chars, " characters"));
    check(!rules_.refuse_echo || chars == 0 || !is_echo(thought, prompt_), "the think block copies the prompt");
  }

  void check_answer() {
    const std::string_view answer = block("<answer>", blocks_ ? blocks_->answer : std::string_view());
    if (is_blank(answer)) return check(false, fault_of_missing(rules_.has_answer ? "the answer is empty" : "nothing after </think>"));
    check(!rules_.has_answer || !rules_.refuse_echo || !is_answer_placeholder(answer), "the answer is a placeholder");
  }

  // What the blocks say, or, without order, what stands between the first opening tag and the next closing one. Empty when
  // it is not there; begin() is in the text otherwise.
  std::string_view block(std::string_view open, std::string_view in_order) const {
    if (blocks_ || rules_.in_order) return in_order;
    const bool is_prefilled = open == "<think>" && rules_.think_is_open;
    const size_t begin = is_prefilled ? 0 : text_.find(open);
    if (begin == std::string_view::npos) return {};
    const size_t inside = begin + (is_prefilled ? 0 : open.size());
    const size_t end = text_.find(cat("</", open.substr(1)), inside);
    return end == std::string_view::npos ? std::string_view() : text_.substr(inside, end - inside);
  }

  // Without order: nothing is left when both blocks are taken out.
  bool is_rest_blank() const {
    const std::string_view thought = block("<think>", {}), answer = block("<answer>", {});
    if (thought.data() == nullptr || (rules_.has_answer && answer.data() == nullptr)) return false;
    std::string rest(text_);
    const auto blank_out = [&](std::string_view inside, std::string_view open, size_t close_bytes) {
      const auto at = static_cast<size_t>(inside.data() - text_.data());
      const size_t begin = at - std::min(at, open.size());
      std::fill_n(rest.begin() + static_cast<std::ptrdiff_t>(begin), at - begin + inside.size() + close_bytes, ' ');
    };
    blank_out(thought, "<think>", kTags[1].size());
    if (!rules_.has_answer) return true;
    blank_out(answer, "<answer>", kTags[3].size());
    return is_blank(rest);
  }

  std::string fault_of_missing(const char* otherwise) const {
    return blocks_ || sequence_fault_.empty() ? otherwise : sequence_fault_;
  }

  std::string_view text_, prompt_;
  TagRules rules_;
  std::vector<Tag> tags_;
  std::vector<size_t> expected_;
  std::string sequence_fault_;  // how the tags depart from "each once, in order"; empty: they do not
  std::optional<Blocks> blocks_;
  TagReport report_;
};

}  // namespace

TagReport check_tags(std::string_view completion, std::string_view prompt, const TagRules& rules) {
  return Scan(completion, prompt, rules).run();
}

}  // namespace lockstep::rewards
