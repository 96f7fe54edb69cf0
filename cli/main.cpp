// SPDX-License-Identifier: Apache-2.0
// The one binary, `lockstep`, and the table of its verbs.
#include "cli/verb.h"

namespace cli = lockstep::cli;

namespace {

using Verbs = std::vector<cli::Verb>;

// One verb a line, in the order of the overview.
// clang-format off
Verbs model_verbs() {
  return {
      cli::train_verb(),
      cli::reproduce_verb(),
      cli::eval_verb(),
      cli::eval_compare_verb(),
      cli::eval_needle_verb(),
      cli::report_verb(),
      cli::generate_verb(),
      cli::chat_verb(),
      cli::logprobs_verb(),
  };
}

Verbs data_verbs() {
  return {
      cli::data_make_verb(),
      cli::data_tasks_verb(),
      cli::data_corpus_verb(),
      cli::data_dedup_verb(),
      cli::data_decontaminate_verb(),
      cli::data_filter_verb(),
      cli::data_rewrite_verb(),
      cli::data_mix_verb(),
      cli::data_pairs_verb(),
      cli::data_stats_verb(),
      cli::data_convert_verb(),
      cli::data_pack_verb(),
  };
}

Verbs reward_verbs() {
  return {
      cli::reward_list_verb(),
      cli::reward_test_verb(),
      cli::reward_probe_verb(),
      cli::reward_new_verb(),
      cli::reward_host_verb(),
  };
}

Verbs other_verbs() {
  return {
      cli::tokenize_verb(),
      cli::convert_verb(),
      cli::check_parity_verb(),
      cli::bench_rollout_verb(),
      cli::bench_step_verb(),
      cli::bench_kernels_verb(),
      cli::worker_verb(),
      cli::keygen_verb(),
      cli::config_verb(),
      cli::doctor_verb(),
  };
}
// clang-format on

}  // namespace

int main(int argc, char** argv) {
  Verbs verbs;
  for (const auto& group : {model_verbs(), data_verbs(), reward_verbs(), other_verbs()}) verbs.insert(verbs.end(), group.begin(), group.end());
  return static_cast<int>(cli::run_command_line(verbs, {argv + 1, argv + argc}));
}
