// SPDX-License-Identifier: Apache-2.0
// Cutting a text into words by Unicode blocks, without tables of properties.
#include "rewards/plain_words.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace lockstep::rewards {
namespace {

constexpr size_t kNone = std::string_view::npos;

struct Block {
  char32_t first, last;
  Script script;
};
constexpr std::array<Block, 26> kBlocks = {{
    {U'A', U'Z', Script::latin},          {U'a', U'z', Script::latin},          {0xC0, 0xD6, Script::latin},
    {0xD8, 0xF6, Script::latin},          {0xF8, 0x24F, Script::latin},         {0x1E00, 0x1EFF, Script::latin},
    {0x370, 0x373, Script::greek},        {0x386, 0x386, Script::greek},        {0x388, 0x3FF, Script::greek},
    {0x1F00, 0x1FFF, Script::greek},      {0x400, 0x52F, Script::cyrillic},     {0x5D0, 0x5EA, Script::hebrew},
    {0x620, 0x65F, Script::arabic},       {0x66E, 0x6D3, Script::arabic},       {0x900, 0x963, Script::devanagari},
    {0xE01, 0xE4E, Script::thai},         {0x1100, 0x11FF, Script::hangul},     {0xAC00, 0xD7A3, Script::hangul},
    {0x3041, 0x309F, Script::kana},       {0x30A1, 0x30FA, Script::kana},       {0x30FC, 0x30FF, Script::kana},
    {0x3400, 0x4DBF, Script::han},        {0x4E00, 0x9FFF, Script::han},        {0xF900, 0xFAFF, Script::han},
    {0x20000, 0x323AF, Script::han},      {0x3005, 0x3007, Script::han},
}};

// Lower case where scripts have it, by the layout of the blocks.
char32_t lower(char32_t c) {
  if ((c >= U'A' && c <= U'Z') || (c >= 0xC0 && c <= 0xDE) || (c >= 0x391 && c <= 0x3A9) || (c >= 0x410 && c <= 0x42F)) return c + 0x20;
  if (c >= 0x400 && c <= 0x40F) return c + 0x50;
  const bool is_odd_upper = (c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E);
  const bool has_pairs = (c >= 0x100 && c <= 0x17E) || (c >= 0x460 && c <= 0x52F) || (c >= 0x1E00 && c <= 0x1EFF);
  if (has_pairs && c % 2 == (is_odd_upper ? 1U : 0U)) return c + 1;
  return c;
}

// The next place of a text from a position that only moves on: each place is looked for once, so that a scan is linear.
class NextPlace {
 public:
  explicit NextPlace(std::string_view what) : what_(what) {}
  size_t from(std::string_view text, size_t at) {
    if (!is_known_ || (place_ != kNone && place_ < at)) place_ = text.find(what_, at);
    is_known_ = true;
    return place_;
  }

 private:
  std::string_view what_;
  size_t place_ = 0;
  bool is_known_ = false;
};

struct Span {
  std::string_view open;
  NextPlace close;
  size_t close_bytes;
  bool is_one_line;
};

// Spans that are no prose become blanks, so that they separate what stands around them. An opening without its end is left.
class Blanker {
 public:
  explicit Blanker(std::string_view text) : text_(text) {}

  std::string run() {
    while (at_ < text_.size()) {
      const bool is_taken = std::any_of(spans_.begin(), spans_.end(), [&](Span& span) { return take(span); });
      if (!is_taken && !take_command() && !take_url()) out_ += text_[at_++];
    }
    return std::move(out_);
  }

 private:
  static constexpr size_t kLongestLine = 1000;  // of a span that must end on its line: beyond it is a stray sign

  bool blank_to(size_t end) {
    out_ += ' ';
    at_ = end;
    return true;
  }

  bool take(Span& span) {
    if (!text_.substr(at_).starts_with(span.open)) return false;
    const size_t end = span.close.from(text_, at_ + span.open.size());
    if (end == kNone) return false;
    if (span.is_one_line && (end - at_ > kLongestLine || line_end_.from(text_, at_) < end)) return false;
    return blank_to(end + span.close_bytes);
  }

  bool take_command() {
    if (text_[at_] != '\\') return false;
    size_t end = at_ + 1;
    while (end < text_.size() && ((text_[end] | 0x20) >= 'a' && (text_[end] | 0x20) <= 'z')) ++end;
    return blank_to(end);
  }

  bool take_url() {
    const std::string_view rest = text_.substr(at_);
    if (!rest.starts_with("http://") && !rest.starts_with("https://") && !rest.starts_with("www.")) return false;
    const size_t end = text_.find_first_of(" \t\r\n", at_);
    return blank_to(end == kNone ? text_.size() : end);
  }

  std::string_view text_;
  std::string out_;
  size_t at_ = 0;
  NextPlace line_end_{"\n"};
  std::array<Span, 7> spans_ = {{{"```", NextPlace("```"), 3, false},
                                 {"$$", NextPlace("$$"), 2, false},
                                 {"\\[", NextPlace("\\]"), 2, false},
                                 {"\\(", NextPlace("\\)"), 2, false},
                                 {"`", NextPlace("`"), 1, true},
                                 {"$", NextPlace("$"), 1, true},
                                 {"<", NextPlace(">"), 1, true}}};
};

bool ends_sentence(char32_t c) { return c == U'\n' || c == U'.' || c == U'!' || c == U'?' || c == 0x3002 || c == 0xFF01 || c == 0xFF1F; }

bool is_digit(char32_t c) { return c >= U'0' && c <= U'9'; }

}  // namespace

Script script_of(char32_t code_point) {
  for (const Block& block : kBlocks) {
    if (code_point >= block.first && code_point <= block.last) return block.script;
  }
  return Script::other;
}

std::vector<PlainWord> plain_words(std::string_view text) {
  std::vector<PlainWord> words;
  PlainWord word{Script::other, {}, 0};
  bool has_digit = false;
  const auto finish = [&] {
    const bool is_variable = word.letters.size() == 1 && (word.script == Script::latin || word.script == Script::greek);
    if (!word.letters.empty() && !has_digit && !is_variable) words.push_back(word);
    word.letters.clear();
    has_digit = false;
  };
  for (const char32_t c : base::decode_utf8(base::repair_utf8(Blanker(text).run()))) {
    const Script script = script_of(c);
    const bool is_single = script == Script::han || script == Script::kana;
    const bool goes_on = is_digit(c) || (script != Script::other && !is_single && (script == word.script || word.letters.empty()));
    if (!goes_on) finish();
    if (is_digit(c)) has_digit = true;
    if (ends_sentence(c)) ++word.sentence;
    if (script == Script::other) continue;
    word.script = script;
    word.letters += lower(c);
    if (is_single) finish();
  }
  finish();
  return words;
}

}  // namespace lockstep::rewards
