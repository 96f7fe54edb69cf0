// SPDX-License-Identifier: Apache-2.0
// `lockstep keygen`: a pair of key files for a trainer or a worker.
#include <filesystem>
#include <iostream>
#include <string_view>

#include "base/file.h"
#include "base/text.h"
#include "cli/verb.h"
#include "rollout/remote/keys.h"

namespace lockstep::cli {
namespace {

// NAME goes into file names and logs.
std::string checked_name(const Arguments& arguments) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  const std::string& name = arguments.positional(0);
  const bool is_plain = !name.empty() && name.size() <= 100 && name.find_first_not_of(kAllowed) == std::string::npos;
  if (is_plain && name.front() != '.' && name.front() != '-') return name;
  throw UsageError(cat("this is no name for keys: ", base::printable(name.substr(0, 200))), arguments.command(),
                   "use up to 100 letters, digits, '.', '_' and '-', as in worker-1; --out names the folder");
}

ExitCode run_keygen(const Arguments& arguments) {
  const std::string name = checked_name(arguments);
  const std::string folder = arguments.value_or("out", ".");
  base::make_folders(folder);
  const std::string prefix = (std::filesystem::path(folder) / name).string();
  const std::string public_key = rollout::remote::write_keys(prefix);
  std::cout << public_key << " " << name << "\n";
  std::cerr << prefix << ".key: the secret key; it stays on the machine that uses it\n"
            << prefix << ".pub: the public key; give it to the other side\n";
  return ExitCode::done;
}

}  // namespace

Verb keygen_verb() {
  return {
      .name = "keygen",
      .summary = "make the key files of a trainer or a worker",
      .usage =
          {.positionals = {{.name = "NAME", .meaning = "who the keys are for, as in trainer or worker-1"}},
           .options = {{.name = "out", .value = "FOLDER", .meaning = "where the files go (default: here)"}},
           .notes =
               "Writes NAME.key (secret, mode 0600) and NAME.pub, and prints the line of NAME.pub. A trainer lets in\n"
               "the workers whose .pub lines stand in its allow list (`cat worker*.pub > allowed`); a worker\n"
               "connects to the trainer whose .pub file it is given. Existing files are never overwritten."},
      .run = run_keygen};
}

}  // namespace lockstep::cli
