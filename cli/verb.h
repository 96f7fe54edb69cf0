// SPDX-License-Identifier: Apache-2.0
// A verb of the command line: its name, one line of help, what it takes, and the function that does it.
#pragma once

#include <string>
#include <vector>

#include "cli/arguments.h"

namespace lockstep::cli {

enum class ExitCode {
  done = 0,
  failed = 1,    // an Error: printed as what / where / fix
  usage = 2,     // the command line is wrong
  requeue = 75,  // stopped by a signal or a time limit after saving: start the same command again (EX_TEMPFAIL)
};

struct Verb {
  std::string name;     // "doctor", or two words: "data make"
  std::string summary;  // one line, without a full stop
  Usage usage;
  ExitCode (*run)(const Arguments& arguments);
};

// Finds the verb, parses its arguments, runs it, prints what went wrong on stderr; never throws. `words` are those behind
// the program's name.
ExitCode run_command_line(const std::vector<Verb>& verbs, const std::vector<std::string>& words);

// One function per verb, each in the file of its first word.
Verb bench_kernels_verb();
Verb bench_rollout_verb();
Verb bench_step_verb();
Verb chat_verb();
Verb check_parity_verb();
Verb config_verb();
Verb convert_verb();
Verb data_convert_verb();
Verb data_corpus_verb();
Verb data_decontaminate_verb();
Verb data_dedup_verb();
Verb data_filter_verb();
Verb data_make_verb();
Verb data_mix_verb();
Verb data_pack_verb();
Verb data_pairs_verb();
Verb data_rewrite_verb();
Verb data_stats_verb();
Verb data_tasks_verb();
Verb doctor_verb();
Verb eval_verb();
Verb eval_compare_verb();
Verb eval_needle_verb();
Verb generate_verb();
Verb keygen_verb();
Verb logprobs_verb();
Verb report_verb();
Verb reproduce_verb();
Verb reward_host_verb();
Verb reward_list_verb();
Verb reward_new_verb();
Verb reward_probe_verb();
Verb reward_test_verb();
Verb tokenize_verb();
Verb train_verb();
Verb worker_verb();

}  // namespace lockstep::cli
