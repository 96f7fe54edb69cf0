// SPDX-License-Identifier: Apache-2.0
// A SAX handler that builds the document itself: it can refuse what nlohmann's own parse() lets through.
#include "base/json.h"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

namespace lockstep::base {
namespace {

// Walks the text and tells `reached` how far the lexer has come, which nlohmann's SAX events do not say.
struct Cursor {
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  const char* position;
  const char** reached;

  reference operator*() const { return *position; }
  Cursor& operator++() {
    *reached = ++position;
    return *this;
  }
  bool operator==(const Cursor& other) const { return position == other.position; }
  bool operator!=(const Cursor& other) const { return position != other.position; }
};

// "origin:line:column" of a byte; line and column (in bytes) count from 1.
std::string place(std::string_view text, std::string_view origin, size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const size_t line_start = before.rfind('\n') + 1;  // npos + 1 = 0
  return cat(origin, ":", line, ":", before.size() - line_start + 1);
}

// nlohmann writes "[json.exception...] parse error at line 1, column 2: syntax error while parsing value - <cause>".
std::string cause_of(const std::exception& failure) {
  const std::string_view message = failure.what();
  constexpr std::string_view kCause = " - ", kPlace = ": ", kClose = "] ";
  for (const std::string_view mark : {kCause, kPlace, kClose}) {
    if (const size_t at = message.find(mark); at != std::string_view::npos) {
      return printable(message.substr(at + mark.size()));
    }
  }
  return printable(message);
}

class Builder {
 public:
  Builder(std::string_view text, std::string_view origin, const JsonLimits& limits)
      : text_(text), origin_(origin), limits_(limits), reached_(text.data()) {}

  Cursor begin() { return {text_.data(), &reached_}; }
  Cursor end() { return {text_.data() + text_.size(), &reached_}; }
  Json take() { return std::move(root_); }

  // The SAX interface of nlohmann. An integer literal above 64 bits arrives as number_float: model files
  // carry such numbers (a tokenizer without length limit writes 1e30 in full), so it is kept as a double.
  bool null() { return put(nullptr); }
  bool boolean(bool value) { return put(value); }
  bool number_integer(int64_t value) { return put(value); }
  bool number_unsigned(uint64_t value) { return put(value); }
  bool number_float(double value, const std::string&) { return put(value); }
  bool string(std::string& value) { return put(std::move(value)); }
  bool binary(Json::binary_t&) { return false; }  // no such event in JSON text
  bool start_object(size_t) { return open(); }
  bool start_array(size_t) { return open(); }

  bool key(std::string& name) {
    Open& object = open_.back();
    object.names.push_back(std::move(name));
    object.name_ends.push_back(offset());
    return true;
  }

  bool end_array() {
    Json array = Json::array();
    array.get_ref<Json::array_t&>() = std::move(open_.back().values);
    open_.pop_back();
    return put(std::move(array));
  }

  bool end_object() {
    Open& members = open_.back();
    refuse_duplicates(members);
    Json object = Json::object();
    auto& target = object.get_ref<Json::object_t&>();
    target.reserve(members.names.size());
    for (size_t i = 0; i < members.names.size(); ++i) {
      // The container's own emplace_back: ordered_map's insertion searches linearly, quadratic for a vocabulary.
      target.Json::object_t::Container::emplace_back(std::move(members.names[i]), std::move(members.values[i]));
    }
    open_.pop_back();
    return put(std::move(object));
  }

  bool parse_error(size_t position, const std::string&, const nlohmann::detail::exception& failure) {
    throw Error(cat("JSON is not valid: ", cause_of(failure)),
                place(text_, origin_, std::min(position == 0 ? 0 : position - 1, text_.size())),
                "correct the JSON text at this place");
  }

 private:
  struct Open {
    std::vector<std::string> names;
    std::vector<size_t> name_ends;  // offset just behind each name's closing quote
    std::vector<Json> values;
  };

  size_t offset() const { return static_cast<size_t>(reached_ - text_.data()); }

  bool open() {
    if (open_.size() >= limits_.max_depth) {
      throw Error(cat("JSON is nested deeper than ", limits_.max_depth, " levels"),
                  place(text_, origin_, offset() == 0 ? 0 : offset() - 1), "flatten the document");
    }
    open_.emplace_back();
    return true;
  }

  template <class Value>
  bool put(Value&& value) {
    if (open_.empty()) {
      root_ = Json(std::forward<Value>(value));
    } else {
      open_.back().values.emplace_back(std::forward<Value>(value));
    }
    return true;
  }

  // By sorting, so that no choice of names makes it slow.
  void refuse_duplicates(const Open& object) const {
    const auto& names = object.names;
    std::vector<size_t> order(names.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
      const int compared = names[a].compare(names[b]);
      return compared != 0 ? compared < 0 : a < b;
    });
    for (size_t i = 1; i < order.size(); ++i) {
      if (names[order[i]] != names[order[i - 1]]) continue;
      throw Error(cat("duplicate key \"", printable(names[order[i]]), "\""),
                  place(text_, origin_, start_of_string(object.name_ends[order[i]])), "keep one of the two");
    }
  }

  // The opening quote of the string whose closing quote lies just before `end`.
  size_t start_of_string(size_t end) const {
    size_t at = end - 1;
    for (;;) {
      at = text_.rfind('"', at - 1);
      size_t backslashes = 0;
      while (backslashes < at && text_[at - 1 - backslashes] == '\\') ++backslashes;
      if (backslashes % 2 == 0) return at;
    }
  }

  std::string_view text_, origin_;
  const JsonLimits& limits_;
  const char* reached_;
  std::vector<Open> open_;
  Json root_;
};

}  // namespace

Json parse_json(std::string_view text, std::string_view origin, const JsonLimits& limits) {
  if (text.size() > limits.max_bytes) {
    throw Error(cat("JSON text of ", text.size(), " bytes is larger than the limit of ", limits.max_bytes),
                std::string(origin), "split the document");
  }
  Builder builder(text, origin, limits);
  Json::sax_parse(builder.begin(), builder.end(), &builder, Json::input_format_t::json, true, limits.comments);
  return builder.take();
}

Json parse_json_file(const std::string& path, const JsonLimits& limits) {
  return parse_json(read_file(path, limits.max_bytes), path, limits);
}

}  // namespace lockstep::base
