// SPDX-License-Identifier: Apache-2.0
// The parser of command lines.
#include "cli/arguments.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace lockstep::cli {
namespace {

const Option* find_option(const Usage& usage, const std::string& name) {
  const auto found = std::find_if(usage.options.begin(), usage.options.end(),
                                  [&](const Option& option) { return option.name == name; });
  return found == usage.options.end() ? nullptr : &*found;
}

[[noreturn]] void unknown_option(const Usage& usage, const std::string& name, const std::string& command) {
  std::vector<std::string> names = {"help"};
  for (const Option& option : usage.options) names.push_back(option.name);
  const auto nearest = base::nearest_name(name, names);
  throw UsageError(cat("unknown option --", name), command,
                   nearest ? cat("did you mean --", *nearest, "?") : cat("see `", command, " --help`"));
}

}  // namespace

Arguments::Arguments(const Usage& usage, std::string command, const std::vector<std::string>& words)
    : command_(std::move(command)) {
  bool options_ended = false;
  for (size_t index = 0; index < words.size(); ++index) {
    const std::string& word = words[index];
    if (!options_ended && word == "--") {
      options_ended = true;
    } else if (!options_ended && word.size() > 1 && word[0] == '-') {
      read_option(usage, word, words, index);
    } else {
      positionals_.push_back(word);
    }
  }
  check_complete(usage);
}

void Arguments::read_option(const Usage& usage,
                            const std::string& word,
                            const std::vector<std::string>& words,
                            size_t& index) {
  const size_t name_start = std::min(word.find_first_not_of('-'), size_t{2});
  const size_t equals = word.find('=');
  const std::string name = word.substr(name_start, equals == std::string::npos ? equals : equals - name_start);
  const Option* option = name_start == 2 ? find_option(usage, name) : nullptr;
  if (option == nullptr) unknown_option(usage, name, command_);
  std::vector<std::string>& values = options_[name];
  if (!values.empty() && !option->is_repeatable) {
    throw UsageError(cat("--", name, " is given twice"), command_, "give it once");
  }
  if (option->value.empty()) {
    if (equals != std::string::npos) {
      throw UsageError(cat("--", name, " takes no value: ", word), command_, cat("write --", name));
    }
    values.emplace_back();
  } else if (equals != std::string::npos) {
    values.push_back(word.substr(equals + 1));
  } else if (index + 1 < words.size() && !words[index + 1].starts_with("--")) {
    values.push_back(words[++index]);
  } else {
    throw UsageError(cat("--", name, " has no value"), command_, cat("write --", name, " ", option->value));
  }
}

void Arguments::check_complete(const Usage& usage) const {
  const bool takes_more = !usage.positionals.empty() && usage.positionals.back().is_repeatable;
  if (positionals_.size() > usage.positionals.size() && !takes_more) {
    throw UsageError(cat("superfluous argument: ", positionals_[usage.positionals.size()]), command_,
                     cat("see `", command_, " --help`"));
  }
  for (size_t i = positionals_.size(); i < usage.positionals.size(); ++i) {
    if (!usage.positionals[i].is_required) break;
    throw UsageError(cat(usage.positionals[i].name, " is missing"), command_,
                     cat("give ", usage.positionals[i].name, ": ", usage.positionals[i].meaning));
  }
  for (const Option& option : usage.options) {
    if (option.is_required && !has(option.name)) {
      throw UsageError(cat("--", option.name, " is missing"), command_,
                       cat("give --", option.name, " ", option.value, ": ", option.meaning));
    }
  }
}

bool Arguments::has(const std::string& option) const { return options_.contains(option); }

const std::vector<std::string>& Arguments::values(const std::string& option) const {
  static const std::vector<std::string> none;
  const auto found = options_.find(option);
  return found == options_.end() ? none : found->second;
}

std::optional<std::string> Arguments::value(const std::string& option) const {
  const std::vector<std::string>& all = values(option);
  return all.empty() ? std::nullopt : std::optional(all.back());
}

std::string Arguments::value_or(const std::string& option, const std::string& fallback) const {
  return value(option).value_or(fallback);
}

int64_t Arguments::integer_or(const std::string& option, int64_t fallback, int64_t low, int64_t high) const {
  const std::optional<std::string> text = value(option);
  if (!text) return fallback;
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc() || end != text->data() + text->size() || number < low || number > high) {
    throw UsageError(cat("--", option, " is ", *text), command_, cat("give an integer from ", low, " to ", high));
  }
  return number;
}

double Arguments::number_or(const std::string& option, double fallback, double low, double high) const {
  const std::optional<std::string> text = value(option);
  if (!text) return fallback;
  double number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc() || end != text->data() + text->size() || !(number >= low && number <= high)) {
    throw UsageError(cat("--", option, " is ", *text), command_, cat("give a number from ", low, " to ", high));
  }
  return number;
}

}  // namespace lockstep::cli
