// SPDX-License-Identifier: Apache-2.0
// Facts from /proc, /sys, statvfs, getrlimit and cpuid.
#include "cli/system_facts.h"

#include <sys/resource.h>
#include <sys/statvfs.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <thread>
#include <utility>
#include <vector>

#include "base/text.h"
#include "base/thread_pool.h"
#include "kernels/cpu/isa.h"

namespace lockstep::cli {
namespace {

using base::Json;

// The value behind "name :" in a file of "name : value" lines; empty when there is none.
std::string value_in(const std::string& path, const std::string& name) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const size_t colon = line.find(':');
    if (colon != std::string::npos && base::trim(std::string_view(line).substr(0, colon)) == name) {
      return std::string(base::trim(std::string_view(line).substr(colon + 1)));
    }
  }
  return "";
}

void put(Json& facts, const std::string& name, const std::string& value) {
  if (!value.empty()) facts[name] = base::printable(value);
}

// A "123 kB" of /proc/meminfo as readable bytes.
std::string meminfo(const std::string& name) {
  const std::string value = value_in("/proc/meminfo", name);
  return value.empty() ? "" : format_bytes(std::stod(value) * 1024);
}

std::string x86_features() {
  std::vector<std::string> features;
  // The builtin takes literals only.
  if (__builtin_cpu_supports("avx2")) features.emplace_back("avx2");
  if (__builtin_cpu_supports("fma")) features.emplace_back("fma");
  if (__builtin_cpu_supports("avx512f")) features.emplace_back("avx512f");
  if (__builtin_cpu_supports("avx512bw")) features.emplace_back("avx512bw");
  if (__builtin_cpu_supports("avx512vl")) features.emplace_back("avx512vl");
  if (__builtin_cpu_supports("avx512vnni")) features.emplace_back("avx512vnni");
  if (__builtin_cpu_supports("avx512bf16")) features.emplace_back("avx512bf16");
  return features.empty() ? "none of avx2, fma, avx512" : base::join(features, " ");
}

// Every instruction set that the kernels run on here, the one in use marked.
std::string kernel_sets() {
  namespace cpu = kernels::cpu;
  std::vector<std::string> names;
  for (int i = 0; i <= static_cast<int>(cpu::best_isa()); ++i) {
    const auto set = static_cast<cpu::Isa>(i);
    names.push_back(cat(cpu::isa_name(set), set == cpu::isa() ? " (in use; LOCKSTEP_ISA changes it)" : ""));
  }
  return base::join(names, ", ");
}

std::string limit(rlim_t value, bool is_bytes) {
  if (value == RLIM_INFINITY) return "unlimited";
  return is_bytes ? format_bytes(static_cast<double>(value)) : std::to_string(value);
}

}  // namespace

std::string format_bytes(double bytes) {
  constexpr std::array<const char*, 5> kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
  size_t unit = 0;
  for (; bytes >= 1024 && unit + 1 < kUnits.size(); ++unit) bytes /= 1024;
  return cat(base::fixed(bytes, unit == 0 ? 0 : 1), " ", kUnits[unit]);
}

Json processor_facts() {
  Json facts = Json::object();
  put(facts, "model", value_in("/proc/cpuinfo", "model name"));
  put(facts, "threads",
      cat(std::thread::hardware_concurrency(), " on this machine, ", base::default_num_threads(),
          " used by Lockstep (LOCKSTEP_THREADS changes it)"));
  put(facts, "x86 features", x86_features());
  put(facts, "kernels", kernel_sets());
  return facts;
}

Json memory_facts() {
  Json facts = Json::object();
  put(facts, "total", meminfo("MemTotal"));
  put(facts, "available", meminfo("MemAvailable"));
  put(facts, "swap free", meminfo("SwapFree"));
  std::ifstream file("/sys/fs/cgroup/memory.max");
  double bytes = 0;
  if (file >> bytes) put(facts, "control group limit", format_bytes(bytes));  // "max" is no number: no limit
  return facts;
}

Json disk_facts(const std::string& folder) {
  Json facts = Json::object();
  struct statvfs info {};
  if (statvfs(folder.c_str(), &info) != 0) return facts;
  const double block = static_cast<double>(info.f_frsize);
  put(facts, "folder", std::filesystem::absolute(folder).lexically_normal().string());
  put(facts, "size", format_bytes(block * static_cast<double>(info.f_blocks)));
  put(facts, "free", format_bytes(block * static_cast<double>(info.f_bavail)));
  return facts;
}

Json limit_facts() {
  struct Kind {
    const char* name;
    int resource;
    bool is_bytes;
  };
  constexpr std::array<Kind, 6> kKinds = {{{"open files", RLIMIT_NOFILE, false},
                                           {"processes", RLIMIT_NPROC, false},
                                           {"address space", RLIMIT_AS, true},
                                           {"locked memory", RLIMIT_MEMLOCK, true},
                                           {"stack", RLIMIT_STACK, true},
                                           {"core file", RLIMIT_CORE, true}}};
  Json facts = Json::object();
  for (const Kind& kind : kKinds) {
    rlimit value{};
    if (getrlimit(static_cast<__rlimit_resource>(kind.resource), &value) != 0) continue;
    const std::string soft = limit(value.rlim_cur, kind.is_bytes), hard = limit(value.rlim_max, kind.is_bytes);
    put(facts, kind.name, soft == hard ? soft : cat(soft, " (up to ", hard, ")"));
  }
  return facts;
}

Json gpu_driver_facts() {
  Json facts = Json::object();
  put(facts, "driver", value_in("/proc/driver/nvidia/version", "NVRM version"));
  std::error_code error;
  size_t number = 0;
  for (const auto& card : std::filesystem::directory_iterator("/proc/driver/nvidia/gpus", error)) {
    put(facts, cat("card ", number++), value_in((card.path() / "information").string(), "Model"));
  }
  return facts;
}

}  // namespace lockstep::cli
