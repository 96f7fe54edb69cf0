// SPDX-License-Identifier: Apache-2.0
// The words behind a verb, parsed strictly against what the verb declares: positionals, `--name value`, flags, repeats.
//
//   const Usage usage{.positionals = {{"CONFIG", "the run's JSON file"}},
//                     .options = {{.name = "set", .value = "PATH=VALUE", .meaning = "override", .is_repeatable = true},
//                                 {.name = "dry-run", .meaning = "print the resolved config and stop"}}};
//   const Arguments arguments(usage, "lockstep train", {"run.json", "--set", "seed=2", "--dry-run"});
//   arguments.positional(0);   // "run.json"
//   arguments.values("set");   // {"seed=2"}
//
// `--name=value` is the same as `--name value`; `--` ends the options. Options may stand before, between and after the
// positionals. Config fields never become options: they are reached by `--set path=value`.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"

namespace lockstep::cli {

// The command line itself is wrong: the exit code is 2, not 1.
class UsageError : public Error {
  using Error::Error;
};

struct Positional {
  std::string name;  // upper case: "CONFIG"
  std::string meaning;
  bool is_required = true;
  bool is_repeatable = false;  // takes all that follow; the last one only
};

struct Option {
  std::string name;        // without the dashes
  std::string value = "";  // what its value is called in the help; empty for a flag
  std::string meaning;
  bool is_required = false;
  bool is_repeatable = false;
};

struct Usage {
  std::vector<Positional> positionals = {};  // the optional ones last
  std::vector<Option> options = {};
  std::string notes = "";  // printed below the options
};

class Arguments {
 public:
  // UsageError on an unknown option (naming the nearest), a missing or superfluous value, a repeat, a missing or superfluous
  // positional. `command` ("lockstep data make") is its where.
  Arguments(const Usage& usage, std::string command, const std::vector<std::string>& words);

  size_t num_positionals() const { return positionals_.size(); }
  const std::string& positional(size_t index) const { return positionals_.at(index); }
  const std::vector<std::string>& positionals() const { return positionals_; }

  bool has(const std::string& option) const;
  std::optional<std::string> value(const std::string& option) const;
  std::string value_or(const std::string& option, const std::string& fallback) const;
  const std::vector<std::string>& values(const std::string& option) const;  // every repeat, in order
  // UsageError when the value is no decimal integer in [low, high].
  int64_t integer_or(const std::string& option, int64_t fallback, int64_t low, int64_t high) const;
  // UsageError when the value is no decimal number in [low, high].
  double number_or(const std::string& option, double fallback, double low, double high) const;

  const std::string& command() const { return command_; }

 private:
  void read_option(const Usage& usage, const std::string& word, const std::vector<std::string>& words, size_t& index);
  void check_complete(const Usage& usage) const;

  std::string command_;
  std::vector<std::string> positionals_;
  std::map<std::string, std::vector<std::string>> options_;  // a flag that is there has one empty value
};

// The help of one command: a synopsis line, the summary as a sentence, positionals, options, notes.
std::string usage_text(const Usage& usage, const std::string& command, const std::string& summary);

}  // namespace lockstep::cli
