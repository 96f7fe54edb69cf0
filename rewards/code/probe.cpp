// SPDX-License-Identifier: Apache-2.0
// The probe from inside (probe.py) and the look from outside (/proc of the sandbox's process 1).
#include "rewards/code/probe.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <map>

#include "base/error.h"
#include "base/text.h"
#include "rewards/code/fork_server.h"
#include "rewards/code/memory_file.h"
#include "rewards/code/sandbox.h"

namespace lockstep::rewards::code {
namespace {

namespace fs = std::filesystem;
constexpr const char* kFix =
    "install bubblewrap 0.8 or newer and allow user namespaces (in a container: its seccomp and AppArmor profiles); "
    "or, "
    "where every program may do what this user may, set sandbox.isolation to \"unsafe\"";

std::map<std::string, std::string> read_status(pid_t pid) {
  std::map<std::string, std::string> fields;
  std::ifstream file(cat("/proc/", pid, "/status"));
  for (std::string line; std::getline(file, line);) {
    const size_t colon = line.find(':');
    if (colon != std::string::npos) fields[line.substr(0, colon)] = std::string(base::trim(line.substr(colon + 1)));
  }
  return fields;
}

bool is_zero(const std::string& hex) { return !hex.empty() && hex.find_first_not_of('0') == std::string::npos; }

// What the kernel says about process 1 of the sandbox.
std::vector<std::string> look_from_outside(pid_t inner) {
  std::vector<std::string> faults;
  auto status = read_status(inner);
  if (status["Seccomp"] != "2") faults.push_back("has no system call filter");
  if (status["NoNewPrivs"] != "1") faults.push_back("may gain rights by set-user-id programs");
  for (const char* set : {"CapEff", "CapPrm", "CapBnd", "CapInh", "CapAmb"}) {
    if (!is_zero(status[set])) faults.push_back(cat("has the capabilities ", set, " ", status[set]));
  }
  if (status["Uid"].rfind("0\t", 0) == 0 || status["Uid"].empty()) faults.push_back("runs as root");
  for (const char* name : {"user", "pid", "net", "ipc", "uts", "mnt"}) {
    std::error_code hidden;
    const fs::path own = fs::read_symlink(cat("/proc/self/ns/", name), hidden);
    const fs::path inside = fs::read_symlink(cat("/proc/", inner, "/ns/", name), hidden);
    if (!hidden && own == inside) faults.push_back(cat("shares our namespace ", name));
  }
  return faults;
}

// Compiles and runs a Python program; its output, or an Error.
Outcome run_python(Sandbox& sandbox, std::string_view source, std::string_view input, const LimitsConfig& limits) {
  const base::FileHandle text = sealed_memory_file(source);
  const JobLimits allowed = {.cpu_s = 10,
                             .wall_s = 60,
                             .memory_bytes = int64_t{limits.memory_mb} << 20,
                             .stack_bytes = int64_t{limits.stack_mb} << 20,
                             .file_bytes = int64_t{limits.output_kb} << 10,
                             .processes = limits.processes};
  Outcome compiled = sandbox.run({.kind = "compile", .program = &text, .limits = allowed});
  if (compiled.result.number() < 0) return compiled;
  return sandbox.run({.kind = "main", .program = &compiled.result, .input = input, .limits = allowed});
}

std::vector<std::string> faults_of(const CodeConfig& config) {
  Sandbox sandbox(config.sandbox, config.limits);
  std::vector<std::string> faults = look_from_outside(sandbox.server().inner);
  const LimitsConfig& limits = config.limits;
  const std::string input =
      cat(limits.memory_mb, " ", limits.processes, " ", limits.output_kb, " ", config.sandbox.has_proc ? 1 : 0);
  const Outcome outcome = run_python(sandbox, kProbe, input, limits);
  std::vector<std::string> lines = base::split(base::trim(outcome.output), '\n');
  if (lines.back() != "done") {
    lines.back() = cat("the probe did not end: ", base::printable(base::trim(outcome.errors)));
  } else {
    lines.pop_back();
  }
  for (const std::string& line : lines) faults.push_back(cat("can ", line));
  return faults;
}

}  // namespace

void probe(const CodeConfig& config, const std::string& where) {
  std::vector<std::string> faults;
  try {
    faults = faults_of(config);
  } catch (const Error& error) {
    throw Error(cat("programs cannot be isolated here: ", error.what_happened()), where, kFix);
  }
  if (!faults.empty()) {
    throw Error(cat("the sandbox does not hold here: a program ", base::join(faults, ", ")), where, kFix);
  }
}

bool is_sandbox_sound(const SandboxConfig& sandbox, const LimitsConfig& limits) {
  try {
    Sandbox fresh(sandbox, limits);
    const Outcome outcome = run_python(fresh, "print('sound')", "", limits);
    return outcome.end == End::exited && outcome.output == "sound\n";
  } catch (const Error&) {
    return false;
  }
}

}  // namespace lockstep::rewards::code
