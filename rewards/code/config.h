// SPDX-License-Identifier: Apache-2.0
// Options of `accuracy_code`: the language, the limits of one test, the sandbox, and what a program earns.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/config.h"

namespace lockstep::rewards::code {

struct LanguageConfig {
  std::string name = {};
  std::vector<std::string> tags = {};
  std::string source = "main.txt";
  std::vector<std::string> compile = {};
  std::vector<std::string> run = {};
  bool limit_address_space = true;
  void visit(auto&& field) {
    field("name", name, "how `language` and the rows call it");
    field("tags", tags, "words after ``` that mark its code; its name is always one");
    field("source", source, "file name under which the source is put into the working folder");
    field("compile", compile,
          "command, with its full path, that makes the executable `program` there; empty: none is needed");
    field("run", run, "command, with its full path, that runs the source; empty: the compiled program itself");
    field("limit_address_space", limit_address_space,
          "memory_mb bounds each process's address space; false for JVM and V8, which reserve much more than they use");
  }
};

struct LimitsConfig {
  int cpu_s = 4;
  double wall_s = 12;
  int memory_mb = 1024;
  int stack_mb = 64;
  int output_kb = 1024;
  int scratch_mb = 64;
  int processes = 16;
  int compile_cpu_s = 30;
  int compile_memory_mb = 3072;
  int source_kb = 128;
  void visit(auto&& field) {
    field("cpu_s", cpu_s, "processor seconds of each process of a test; more is a wrong answer", base::between(1, 600));
    field("wall_s", wall_s,
          "seconds after which a test is ended: a wrong answer when it slept or used more than cpu_s in all, and "
          "status timeout when the machine gave it no processor",
          base::between(0.1, 3600));
    field("memory_mb", memory_mb, "MiB of each process, and with a cgroup of all processes of a test",
          base::between(64, 1 << 20));
    field("stack_mb", stack_mb, "MiB of stack", base::between(1, 4096));
    field("output_kb", output_kb, "KiB of standard output, and of any file; more ends the test",
          base::between(1, 1 << 20));
    field("scratch_mb", scratch_mb, "MiB of the working folder, which lives in memory", base::between(1, 1 << 20));
    field("processes", processes, "processes and threads of a test", base::between(1, 4096));
    field("compile_cpu_s", compile_cpu_s, "processor seconds of a compiler; it may take three times as long",
          base::between(1, 600));
    field("compile_memory_mb", compile_memory_mb, "MiB of a compiler", base::between(64, 1 << 20));
    field("source_kb", source_kb, "KiB of source; a longer program is a wrong answer", base::between(1, 1 << 14));
  }
};

struct SandboxConfig {
  std::string isolation = "bubblewrap";
  int max_sandboxes = 0;
  int uid = 65534;
  bool use_cgroup = true;
  bool has_proc = false;
  std::string python = "/usr/bin/python3";
  std::vector<std::string> read_only = {};
  std::vector<std::string> python_path = {};
  std::vector<std::string> preload = {};
  void visit(auto&& field) {
    field("isolation", isolation,
          "bubblewrap: namespaces and seccomp, or an Error when the machine has none; unsafe: programs run as plain "
          "processes that can read, write and reach what their user can",
          base::one_of({"bubblewrap", "unsafe"}));
    field("max_sandboxes", max_sandboxes, "tests that run at once; 0: one a processor", base::between(0, 1024));
    field("uid", uid, "user and group that programs run as when this process is root's", base::between(1, 2147483647));
    field("use_cgroup", use_cgroup,
          "bound memory and processes by a cgroup (v1 or v2) where this process may make one");
    field("has_proc", has_proc, "mount /proc of the sandbox's own processes; JVM and V8 ask for it");
    field("python", python, "Python 3.9 or newer that serves the sandbox and runs Python programs");
    field("read_only", read_only, "folders besides /usr that programs may read");
    field("python_path", python_path, "folders in which Python programs find more modules");
    field("preload", preload, "modules that are imported once, before the first test (numpy)");
  }
};

struct CodeConfig {
  std::string language = "python";
  std::string column = {};
  std::string think_open_in_prompt = "auto";
  bool require_fence = true;
  std::string credit = "all";
  int max_tests = 0;
  std::string compare = "lines";
  double tolerance = 0;
  LimitsConfig limits;
  SandboxConfig sandbox;
  std::vector<LanguageConfig> languages = {};
  void visit(auto&& field) {
    field("language", language, "python, cpp, a name from `languages`, or column: the row's `language`");
    field("column", column,
          "column with the tests; empty: the first of input_output, test_cases, tests, public_test_cases with "
          "private_test_cases, answer");
    field("think_open_in_prompt", think_open_in_prompt,
          "the prompt has opened <think>, so that a program needs </think> first; auto: see whether the prompt ends so",
          base::one_of({"auto", "yes", "no"}));
    field("require_fence", require_fence, "false: a completion without any ``` is a program as a whole");
    field("credit", credit, "all: 1 when every test passes, else 0; share: the share of tests that pass",
          base::one_of({"all", "share"}));
    field("max_tests", max_tests, "only the first so many tests of a row; 0: all", base::at_least(0));
    field("compare", compare,
          "lines: all lines equal but for white space around them; tokens: all words equal; exact: all bytes equal. In "
          "the first two, numbers that are written differently are equal",
          base::one_of({"lines", "tokens", "exact"}));
    field("tolerance", tolerance, "numbers may differ by this times max(1, |expected|)", base::between(0, 0.1));
    field("limits", limits, "what one test may use");
    field("sandbox", sandbox, "where programs run");
    field("languages", languages, "languages besides python and cpp, or instead of them by the same name");
  }
};

}  // namespace lockstep::rewards::code
