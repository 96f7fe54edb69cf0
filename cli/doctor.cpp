// SPDX-License-Identifier: Apache-2.0
// `lockstep doctor`: what this build is, what this machine offers, and what will be a problem.
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <sys/resource.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <filesystem>
#include <iostream>

#include "base/build_info.h"
#include "base/text.h"
#include "cli/system_facts.h"
#include "cli/verb.h"

namespace lockstep::cli {
namespace {

using base::Json;

Json build_facts() {
  const base::BuildInfo& build = base::build_info();
  Json facts = {{"version", build.version},
                {"commit", build.commit},
                {"compiler", build.compiler},
                {"build type", build.build_type}};
  if (!build.sanitizers.empty()) facts["sanitizers"] = build.sanitizers;
  return facts;
}

Json library_facts() {
  const base::BuildInfo& build = base::build_info();
  return {{"LibTorch", build.libtorch},
          {"LibTorch kernels", cat(at::get_cpu_capability(), ", ", at::get_num_threads(), " threads")},
          {"SentencePiece", build.sentencepiece},
          {"RE2", build.re2},
          {"utf8proc", build.utf8proc},
          {"nlohmann_json", build.nlohmann_json}};
}

Json gpu_facts() {
  Json facts = gpu_driver_facts();
  if (!base::build_info().has_cuda) {
    facts["CUDA"] = "not linked: this build runs on the CPU";
  } else {
    facts["CUDA"] = cat("linked, ", static_cast<int>(at::detail::getCUDAHooks().deviceCount()), " devices usable");
  }
  return facts;
}

// Faults that a user would otherwise meet later and elsewhere.
Json problems(const Json& gpus, const std::string& folder) {
  Json found = Json::array();
  constexpr double kGiB = 1024.0 * 1024 * 1024;
  struct statvfs disk {};
  if (statvfs(folder.c_str(), &disk) == 0) {
    const double free_bytes = static_cast<double>(disk.f_frsize) * static_cast<double>(disk.f_bavail);
    if (free_bytes < 2 * kGiB)
      found.push_back(cat("only ", format_bytes(free_bytes), " of disk free: checkpoints may not fit"));
  }
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < 1024) {
    found.push_back(cat("only ", files.rlim_cur, " open files allowed: raise it with `ulimit -n 4096`"));
  }
  if (!__builtin_cpu_supports("avx2")) found.push_back("the processor lacks AVX2: everything will be slow");
  if (base::build_info().has_cuda && !at::hasCUDA()) {
    found.push_back(gpus.contains("driver") ? "CUDA is linked and a driver is there, but no device is usable"
                                            : "CUDA is linked, but there is no NVIDIA driver");
  }
  return found;
}

void print_text(const Json& facts) {
  for (const auto& [section, entries] : facts.items()) {
    std::cout << section << "\n";
    if (entries.is_array()) {
      for (const Json& entry : entries) std::cout << "  " << entry.get<std::string>() << "\n";
      if (entries.empty()) std::cout << "  none\n";
      continue;
    }
    size_t width = 0;
    for (const auto& [name, value] : entries.items()) width = std::max(width, name.size());
    for (const auto& [name, value] : entries.items()) {
      std::cout << "  " << name << std::string(width - name.size() + 2, ' ') << value.get<std::string>() << "\n";
    }
  }
}

ExitCode run_doctor(const Arguments& arguments) {
  const std::string folder = arguments.value_or("folder", ".");
  if (!std::filesystem::is_directory(folder)) {
    throw Error("the folder does not exist", base::printable(folder), "create it, or give another --folder");
  }
  Json facts = {{"lockstep", build_facts()}, {"libraries", library_facts()}, {"processor", processor_facts()},
                {"memory", memory_facts()},  {"disk", disk_facts(folder)},   {"limits", limit_facts()},
                {"gpu", gpu_facts()}};
  facts["problems"] = problems(facts["gpu"], folder);
  if (arguments.has("json")) {
    std::cout << facts.dump(2) << "\n";
  } else {
    print_text(facts);
  }
  return ExitCode::done;
}

}  // namespace

Verb doctor_verb() {
  return {
      .name = "doctor",
      .summary = "print versions, processor, memory, disk, limits and GPUs, and what will be a problem",
      .usage = {.options = {{.name = "json", .meaning = "print one JSON object"},
                            {.name = "folder", .value = "DIR", .meaning = "where runs will be written (default: .)"}}},
      .run = run_doctor};
}

}  // namespace lockstep::cli
