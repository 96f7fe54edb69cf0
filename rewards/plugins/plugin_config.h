// SPDX-License-Identifier: Apache-2.0
// What a config says about rewards that are plugins.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/config.h"

namespace lockstep::rewards::plugins {

// How the processes of a plugin are started and how long they are waited for.
struct ProcessConfig {
  int num_workers = 1;
  double timeout_s = 30;
  double start_timeout_s = 120;
  int64_t max_memory_mb = 0;
  std::string sandbox = "none";
  std::vector<std::string> launcher;
  void visit(auto&& field) {
    field("num_workers", num_workers, "processes that score at the same time", base::between(1, 256));
    field("timeout_s", timeout_s, "of one call; then the process is killed and its samples are timeouts",
          base::between(0.001, 86400));
    field("start_timeout_s", start_timeout_s, "until the plugin is loaded", base::between(0.001, 86400));
    field("max_memory_mb", max_memory_mb, "address space of a process (RLIMIT_AS); 0: no limit", base::at_least(0));
    field("sandbox", sandbox,
          "bwrap: files can be read but not written, the folder for temporary files is a private one, there is no network, no "
          "device, no service's socket in /run and no other process; needs bubblewrap, and a kernel that allows namespaces",
          base::one_of({"none", "bwrap"}));
    field("launcher", launcher,
          "words in front of the process's command line, for a sandbox of your own; it must pass descriptor 3 on");
  }
  // The words in front of the command line of a process: the launcher, then the sandbox. `file` is the plugin's, if it is one.
  std::vector<std::string> prefix(const std::string& file) const;
};

struct PythonConfig {
  std::string file;
  std::string module;
  std::string function;
  std::string interface = "auto";
  std::string messages = "auto";
  std::string column = "answer";
  base::Json arguments = base::Json::object();
  std::string python = "python3";
  ProcessConfig process;
  void visit(auto&& field) {
    field("file", file, "the Python file that defines the reward; its folder is on the import path");
    field("module", module, "instead of a file: a module that Python can import");
    field("function", function, "the function's name; empty: compute_score where there is one, else reward");
    field("interface", interface, "how it is called, as TRL or as verl does; auto: verl for compute_score(solution_str)",
          base::one_of({"auto", "trl", "verl"}));
    field("messages", messages, "trl: completions are lists of messages; auto: where the row's prompt is one",
          base::one_of({"auto", "yes", "no"}));
    field("column", column, "verl: the column with the ground truth, for rows without reward_model.ground_truth");
    field("arguments", arguments, "passed by name to every call, beside the columns (verl's reward_kwargs)");
    field("python", python, "the interpreter, 3.9 or newer: a path, or a name on PATH");
    field("process", process, "its processes");
  }
};

struct LibraryConfig {
  std::string file;
  std::string isolation = "process";
  std::string host;
  base::Json options = base::Json::object();
  ProcessConfig process;
  void visit(auto&& field) {
    field("file", file, "the shared library (rewards/plugins/lockstep_reward_abi.h)");
    field("isolation", isolation,
          "process: a crash or an endless loop costs the samples of a call; none: called in place, which saves about 0.1 ms a "
          "call and is as safe as the library is",
          base::one_of({"process", "none"}));
    field("host", host, "the program that loads it; empty: this one, `lockstep`");
    field("options", options, "given to the library as JSON text");
    field("process", process, "its processes");
  }
};

struct HttpConfig {
  std::string url;
  std::string interface = "openrlhf";
  std::string label_column = "answer";
  int num_tries = 5;
  int num_connections = 8;
  double timeout_s = 180;
  bool allow_remote = false;
  void visit(auto&& field) {
    field("url", url, "http://ADDRESS:PORT/PATH; the address is numeric or localhost");
    field("interface", interface,
          "openrlhf: one POST {query, prompts, labels} per group, answered by {rewards}; slime: one POST {prompt, "
          "response, label} per sample, answered by a number",
          base::one_of({"openrlhf", "slime"}));
    field("label_column", label_column, "the column that is sent as the label; for openrlhf absent is null");
    field("num_tries", num_tries, "of one call, all within timeout_s", base::between(1, 100));
    field("num_connections", num_connections, "slime: requests of a group at the same time", base::between(1, 256));
    field("timeout_s", timeout_s, "of one call with all its tries", base::between(0.001, 86400));
    field("allow_remote", allow_remote, "allow addresses of other machines: completions travel in clear text");
  }
};

}  // namespace lockstep::rewards::plugins
