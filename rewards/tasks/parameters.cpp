// SPDX-License-Identifier: Apache-2.0
// Parameters of tasks: defaults, strict overrides, ranges.
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/text.h"
#include "rewards/tasks/task.h"

namespace lockstep::rewards {
namespace {

const TaskParameter& find_parameter(const std::vector<TaskParameter>& known,
                                    const std::string& name,
                                    const std::string& where) {
  std::vector<std::string> names;
  for (const TaskParameter& parameter : known) {
    if (parameter.name == name) return parameter;
    names.push_back(parameter.name);
  }
  const auto nearest = base::nearest_name(name, names);
  throw Error(cat("unknown parameter \"", base::printable(name), "\""), where,
              nearest ? cat("did you mean \"", *nearest, "\"?")
                      : cat("the parameters are: ", base::join(names, ", ")));
}

double checked_number(const TaskParameter& parameter, const base::Json& value, const std::string& where) {
  const std::string range =
      cat(parameter.is_integer ? "an integer" : "a number", " from ", parameter.low, " to ", parameter.high);
  if (!value.is_number())
    throw Error(cat("the value ", value.dump(), " is no number"), where, cat("give ", range));
  const double number = value.get<double>();
  const bool is_whole = number == std::floor(number);
  if (!(number >= parameter.low && number <= parameter.high) || (parameter.is_integer && !is_whole)) {
    throw Error(cat("the value ", value.dump(), " is out of range"), where, cat("give ", range));
  }
  return number;
}

std::string checked_choice(const TaskParameter& parameter,
                           const base::Json& value,
                           const std::string& where) {
  if (value.is_string()) {
    const std::string name = value.get<std::string>();
    if (std::find(parameter.choices.begin(), parameter.choices.end(), name) != parameter.choices.end())
      return name;
  }
  throw Error(cat("the value ", value.dump(-1, ' ', true), " is not one of the choices"), where,
              cat("give one of: ", base::join(parameter.choices, ", ")));
}

std::string checked_text(const base::Json& value, const std::string& where) {
  const std::string text = value.is_string() ? value.get<std::string>() : "";
  const bool is_line = std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '<' || c == '>'; });
  if (!base::trim(text).empty() && text.size() <= 64 && is_line) return text;
  throw Error(cat("the value ", value.dump(-1, ' ', true, base::Json::error_handler_t::replace), " is no short line of text"), where,
              "give 1 to 64 bytes without line breaks and without < and >");
}

}  // namespace

TaskParameters::TaskParameters(const std::vector<TaskParameter>& known,
                               const base::Json& given,
                               const std::string& where) {
  for (const TaskParameter& parameter : known) {
    if (parameter.choices.empty() && !parameter.is_text) {
      numbers_[parameter.name] = parameter.default_number;
    } else {
      choices_[parameter.name] = parameter.default_choice;
    }
  }
  if (!given.is_object()) {
    throw Error(cat("the parameters are ", given.type_name(), ", not an object"), where,
                "give {\"name\": value, ...}");
  }
  for (const auto& [name, value] : given.items()) {
    const TaskParameter& parameter = find_parameter(known, name, where);
    const std::string place = cat(where, ", parameter ", name);
    if (parameter.is_text) {
      choices_[name] = checked_text(value, place);
    } else if (parameter.choices.empty()) {
      numbers_[name] = checked_number(parameter, value, place);
    } else {
      choices_[name] = checked_choice(parameter, value, place);
    }
  }
  check_pairs(where);
}

void TaskParameters::check_pairs(const std::string& where) const {
  for (const auto& [name, low] : numbers_) {
    if (name.rfind("min_", 0) != 0) continue;
    const std::string partner = cat("max_", name.substr(4));
    const auto high = numbers_.find(partner);
    if (high == numbers_.end() || low <= high->second) continue;
    throw Error(cat(name, " = ", low, " is above ", partner, " = ", high->second), where,
                cat("raise ", partner, " or lower ", name));
  }
}

int64_t TaskParameters::integer(const std::string& name) const { return static_cast<int64_t>(number(name)); }

double TaskParameters::number(const std::string& name) const {
  const auto found = numbers_.find(name);
  LOCKSTEP_CHECK(found != numbers_.end(), name);
  return found->second;
}

std::string TaskParameters::choice_or(const std::string& name, const std::string& none) const {
  const auto found = choices_.find(name);
  return found == choices_.end() ? none : found->second;
}

const std::string& TaskParameters::choice(const std::string& name) const {
  const auto found = choices_.find(name);
  LOCKSTEP_CHECK(found != choices_.end(), name);
  return found->second;
}

}  // namespace lockstep::rewards
