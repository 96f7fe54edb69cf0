// SPDX-License-Identifier: Apache-2.0
// The help text of one command, made from what it declares.
#include <algorithm>
#include <cctype>

#include "base/text.h"
#include "cli/arguments.h"

namespace lockstep::cli {
namespace {

std::string synopsis(const Usage& usage, const std::string& command) {
  std::string line = cat("usage: ", command);
  for (const Positional& positional : usage.positionals) {
    const std::string name = positional.name + (positional.is_repeatable ? "..." : "");
    line += positional.is_required ? cat(" ", name) : cat(" [", name, "]");
  }
  for (const Option& option : usage.options) {
    if (option.is_required) line += cat(" --", option.name, " ", option.value);
  }
  return line + " [options]\n";
}

std::string spelling(const Option& option) {
  return option.value.empty() ? "--" + option.name : cat("--", option.name, " ", option.value);
}

}  // namespace

std::string usage_text(const Usage& usage, const std::string& command, const std::string& summary) {
  std::vector<std::pair<std::string, std::string>> rows;
  for (const Positional& positional : usage.positionals) rows.emplace_back(positional.name, positional.meaning);
  for (const Option& option : usage.options) {
    rows.emplace_back(spelling(option), option.meaning + (option.is_repeatable ? " (repeatable)" : ""));
  }
  rows.emplace_back("--help", "print this text");
  size_t width = 0;
  for (const auto& [name, meaning] : rows) width = std::max(width, name.size());
  std::string sentence = summary + ".";
  sentence[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(sentence[0])));
  std::string text = cat(synopsis(usage, command), "\n", sentence, "\n\n");
  for (const auto& [name, meaning] : rows) {
    text += cat("  ", name, std::string(width - name.size() + 2, ' '), meaning, "\n");
  }
  return usage.notes.empty() ? text : cat(text, "\n", usage.notes, usage.notes.ends_with('\n') ? "" : "\n");
}

}  // namespace lockstep::cli
