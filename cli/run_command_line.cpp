// SPDX-License-Identifier: Apache-2.0
// From words to a verb, and from what a verb throws to an exit code.
#include <algorithm>
#include <exception>
#include <iostream>
#include <new>

#include "base/build_info.h"
#include "base/text.h"
#include "cli/verb.h"

namespace lockstep::cli {
namespace {

bool is_help(const std::string& word) { return word == "--help" || word == "-h" || word == "help"; }

std::string first_word(const std::string& name) { return name.substr(0, name.find(' ')); }

// The verbs whose names begin with the word `group`; all of them when it is empty.
std::string list_verbs(const std::vector<Verb>& verbs, const std::string& group) {
  size_t width = 0;
  for (const Verb& verb : verbs) width = std::max(width, verb.name.size());
  std::string text;
  for (const Verb& verb : verbs) {
    if (!group.empty() && first_word(verb.name) != group) continue;
    text += cat("  ", verb.name, std::string(width - verb.name.size() + 2, ' '), verb.summary, "\n");
  }
  return text;
}

std::string overview(const std::vector<Verb>& verbs) {
  return cat("Lockstep ", base::build_info().version, ": reinforcement-learning post-training of language models\n\n",
             "usage: lockstep VERB [arguments]\n\n", list_verbs(verbs, ""),
             "\n`lockstep VERB --help` explains a verb; `lockstep --version` prints the version.\n"
             "Exit codes: 0 done, 1 failed, 2 wrong usage, 75 saved and to be started again.\n");
}

[[noreturn]] void unknown_verb(const std::vector<Verb>& verbs, const std::vector<std::string>& words) {
  const std::string& word = words.front();
  std::vector<std::string> candidates;
  bool is_group = false;
  for (const Verb& verb : verbs) {
    is_group = is_group || (first_word(verb.name) == word);
    candidates.push_back(verb.name);
    candidates.push_back(first_word(verb.name));
  }
  if (is_group && words.size() == 1) {
    throw UsageError(cat("`lockstep ", word, "` needs a second word"), "command line",
                     cat("give one of:\n", list_verbs(verbs, word)));
  }
  const std::string name = is_group ? cat(word, " ", words[1]) : word;
  const auto nearest = base::nearest_name(name, candidates);
  throw UsageError(cat("unknown verb: ", base::printable(name)), "command line",
                   nearest ? cat("did you mean `lockstep ", *nearest, "`?") : "see `lockstep --help`");
}

struct Found {
  const Verb* verb;
  size_t num_words;
};

Found find_verb(const std::vector<Verb>& verbs, const std::vector<std::string>& words) {
  for (size_t num_words = std::min<size_t>(2, words.size()); num_words > 0; --num_words) {
    const std::string name = num_words == 2 ? cat(words[0], " ", words[1]) : words[0];
    for (const Verb& verb : verbs) {
      if (verb.name == name) return {&verb, num_words};
    }
  }
  return {nullptr, 0};
}

// `lockstep --help`, `lockstep help VERB`, `lockstep GROUP --help`, `lockstep VERB ... --help`; "" when no help is asked for.
std::string help_text(const std::vector<Verb>& verbs, std::vector<std::string> words) {
  if (is_help(words.front()) && words.size() == 1) return overview(verbs);
  const bool is_leading = is_help(words.front());
  if (is_leading) words.erase(words.begin());
  const Found found = find_verb(verbs, words);
  if (found.verb != nullptr) {
    const auto options = words.begin() + static_cast<std::ptrdiff_t>(found.num_words);
    const bool is_asked = std::any_of(options, std::find(options, words.end(), "--"),
                                      [](const std::string& word) { return word == "--help" || word == "-h"; });
    if (!is_leading && !is_asked) return "";
    return usage_text(found.verb->usage, "lockstep " + found.verb->name, found.verb->summary);
  }
  const bool is_group_help = words.size() == 1 ? is_leading : is_help(words[1]);
  const std::string list = is_group_help ? list_verbs(verbs, words.front()) : "";
  if (is_leading && list.empty()) unknown_verb(verbs, words);
  return list.empty() ? "" : cat("usage: lockstep ", words.front(), " ...\n\n", list);
}

ExitCode dispatch(const std::vector<Verb>& verbs, const std::vector<std::string>& words) {
  if (words.empty()) {
    std::cerr << overview(verbs);
    return ExitCode::usage;
  }
  if (words.front() == "--version") {
    std::cout << "lockstep " << base::build_info().version << " (" << base::build_info().commit << ")\n";
    return ExitCode::done;
  }
  const std::string help = help_text(verbs, words);
  if (!help.empty()) {
    std::cout << help;
    return ExitCode::done;
  }
  const Found found = find_verb(verbs, words);
  if (found.verb == nullptr) unknown_verb(verbs, words);
  const Arguments arguments(found.verb->usage, "lockstep " + found.verb->name,
                            {words.begin() + static_cast<std::ptrdiff_t>(found.num_words), words.end()});
  return found.verb->run(arguments);
}

ExitCode report(const Error& error, ExitCode code) {
  std::cerr << "lockstep: error: " << error.what() << std::endl;
  return code;
}

}  // namespace

ExitCode run_command_line(const std::vector<Verb>& verbs, const std::vector<std::string>& words) {
  try {
    const ExitCode code = dispatch(verbs, words);
    std::cout.flush();
    if (!std::cout) {
      throw Error("not all output could be written", "standard output", "free disk space, or keep the reader open");
    }
    return code;
  } catch (const UsageError& error) {
    return report(error, ExitCode::usage);
  } catch (const Error& error) {
    return report(error, ExitCode::failed);
  } catch (const std::bad_alloc&) {
    return report({"out of memory", base::join(words, " "), "lower the batch, or use a machine with more memory"},
                  ExitCode::failed);
  } catch (const std::exception& error) {
    // A foreign exception that no code turned into an Error; LibTorch's carry a stack trace below the first line.
    const std::string what = error.what();
    return report({what.substr(0, what.find('\n')), base::join(words, " "),
                   "this is a fault in Lockstep: please report it with the command and the config"},
                  ExitCode::failed);
  }
}

}  // namespace lockstep::cli
