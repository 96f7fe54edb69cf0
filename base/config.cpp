// SPDX-License-Identifier: Apache-2.0
// Ranges, the reference's columns, the hash, and --set: what the config templates need that is no template.
#include "base/config.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

namespace lockstep::base {

Range any() { return {}; }
Range at_least(double low) { return {.low = low}; }
Range above(double low) { return {.low = low, .open_low = true}; }
Range between(double low, double high) { return {.low = low, .high = high}; }
Range one_of(std::vector<std::string> names) { return {.one_of = std::move(names)}; }

std::string describe(const Range& range) {
  if (!range.one_of.empty()) return "one of " + join(range.one_of, ", ");
  if (range.low && range.high) return cat(range.open_low ? "above " : "", *range.low, " to ", *range.high);
  if (range.low) return cat(range.open_low ? "above " : "at least ", *range.low);
  if (range.high) return cat("at most ", *range.high);
  return "";
}

namespace config_detail {

std::string hash_json(const Json& json) {
  return sha256_hex(nlohmann::json(json).dump());  // nlohmann::json keeps keys sorted
}

std::string format_docs(const std::vector<FieldDoc>& docs) {
  constexpr size_t kWidest = 44;  // a longer cell pushes its own line only
  std::array<size_t, 4> widths{};
  const auto cells = [](const FieldDoc& doc) {
    return std::array<std::string, 4>{doc.path, doc.type, doc.default_value, doc.range.empty() ? "-" : doc.range};
  };
  for (const FieldDoc& doc : docs) {
    const auto row = cells(doc);
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::min(kWidest, std::max(widths[i], row[i].size()));
  }
  std::string out;
  for (const FieldDoc& doc : docs) {
    const auto row = cells(doc);
    for (size_t i = 0; i < row.size(); ++i) {
      out += row[i];
      out.append(2 + (row[i].size() < widths[i] ? widths[i] - row[i].size() : 0), ' ');
    }
    out += doc.meaning + "\n";
  }
  return out;
}

}  // namespace config_detail

namespace {

[[noreturn]] void refuse_set(std::string_view assignment, std::string why, std::string fix) {
  throw Error(std::move(why), cat("--set ", printable(assignment)), std::move(fix));
}

// JSON where it is JSON; plain words are text; what starts like JSON was meant as JSON.
Json parse_set_value(std::string_view assignment, std::string_view text) {
  try {
    return parse_json(text, "--set");
  } catch (const Error& failure) {
    if (!text.empty() && std::string_view("{[\"").find(text.front()) != std::string_view::npos) {
      refuse_set(assignment, failure.what_happened(),
                 "correct the JSON value; in a shell, put the whole assignment in single quotes");
    }
    return std::string(text);
  }
}

}  // namespace

void apply_set(Json& json, std::string_view assignment) {
  const size_t equals = assignment.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    refuse_set(assignment, "no assignment", "write --set name.of.field=value");
  }
  if (!is_utf8(assignment)) refuse_set(assignment, "ill-formed UTF-8", "pass UTF-8 text");
  const std::vector<std::string> names = split(assignment.substr(0, equals), '.');
  for (const std::string& name : names) {
    if (name.empty()) refuse_set(assignment, "a name in the path is empty", "write --set name.of.field=value");
  }
  Json value = parse_set_value(assignment, assignment.substr(equals + 1));

  Json* target = &json;
  std::string owner;  // dotted path of `target`
  for (const std::string& name : names) {
    if (target->is_null() && target != &json) *target = Json::object();  // made just now, or an absent optional
    if (!target->is_object()) {
      refuse_set(assignment,
                 cat("\"", printable(owner), "\" is ", printable(target->dump()), ", no object with fields"),
                 cat("set \"", printable(owner), "\" as a whole, or correct the path"));
    }
    target = &(*target)[name];
    owner += (owner.empty() ? "" : ".") + name;
  }
  *target = std::move(value);
}

}  // namespace lockstep::base
