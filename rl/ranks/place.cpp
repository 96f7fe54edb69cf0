// SPDX-License-Identifier: Apache-2.0
// Reading launchers' variables.
#include "rl/ranks/place.h"

#include <charconv>
#include <cstdlib>

#include "base/error.h"
#include "base/text.h"

namespace lockstep::rl::ranks {
namespace {

constexpr int kFirstSlurmPort = 20000, kSlurmPorts = 20000;

// Where a launcher writes what we need; `port_key` may be missing in some.
struct Names {
  const char *rank, *size, *local_rank, *local_size;
};
constexpr Names kTorchrun{"RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE"};
constexpr Names kOpenMpi{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_SIZE"};
constexpr Names kSlurm{"SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID", "SLURM_STEP_TASKS_PER_NODE"};

int number(const Environment& environment, const char* name, int low, int high) {
  const auto text = environment(name);
  int value = 0;
  const char* begin = text ? text->data() : nullptr;
  const char* end = text ? begin + text->size() : nullptr;
  // Slurm writes "4(x2)" where all machines have the same number.
  const auto read = std::from_chars(begin, end, value);
  const bool is_number = text && !text->empty() && read.ec == std::errc() && (read.ptr == end || *read.ptr == '(' || *read.ptr == ',');
  if (!is_number || value < low || value > high)
    throw Error(cat(name, " is ", text ? cat("\"", base::printable(*text), "\"") : std::string("not set"), ", not a number from ", low, " to ", high),
                "environment", "start the ranks with torchrun, srun, mpirun or `lockstep train --launch N`");
  return value;
}

Place read(const Environment& environment, const Names& names) {
  constexpr int kMost = 1 << 16;
  Place place;
  place.size = number(environment, names.size, 1, kMost);
  place.rank = number(environment, names.rank, 0, place.size - 1);
  place.local_size = environment(names.local_size) ? number(environment, names.local_size, 1, kMost) : 1;
  place.local_rank = environment(names.local_rank) ? number(environment, names.local_rank, 0, kMost) : 0;
  return place;
}

void read_master(Place& place, const Environment& environment) {
  if (const auto address = environment("MASTER_ADDR")) place.master_addr = *address;
  if (environment("MASTER_PORT")) place.master_port = number(environment, "MASTER_PORT", 1, 65535);
  if (environment("LOCKSTEP_LISTEN_FD") && place.rank == 0) place.listen_fd = number(environment, "LOCKSTEP_LISTEN_FD", 3, 1 << 20);
  if (place.size > 1 && place.master_port == 0)
    throw Error("MASTER_PORT is not set", "environment", "set MASTER_ADDR to the host of rank 0 and MASTER_PORT to a free port there");
}

}  // namespace

bool Place::is_loopback() const { return master_addr == "localhost" || master_addr == "::1" || master_addr.starts_with("127."); }

std::string first_host(const std::string& list) {
  const size_t bracket = list.find_first_of("[,");
  if (bracket == std::string::npos || list[bracket] == ',') return list.substr(0, bracket);
  const size_t end = list.find_first_of("-,]", bracket);
  if (end == std::string::npos) return list;
  const size_t close = list.find(']', end), comma = list.find(',', close);
  const std::string tail = close == std::string::npos ? "" : list.substr(close + 1, comma == std::string::npos ? comma : comma - close - 1);
  return list.substr(0, bracket) + list.substr(bracket + 1, end - bracket - 1) + tail;
}

Place find_place(const Environment& environment) {
  Place place;
  if (environment(kTorchrun.rank) && environment(kTorchrun.size)) {
    place = read(environment, kTorchrun);
  } else if (environment(kOpenMpi.size)) {
    place = read(environment, kOpenMpi);
  } else if (environment(kSlurm.size) && environment("SLURM_STEP_NODELIST")) {
    place = read(environment, kSlurm);
    place.master_addr = first_host(*environment("SLURM_STEP_NODELIST"));
    place.master_port = kFirstSlurmPort + number(environment, "SLURM_JOB_ID", 0, 2147483647) % kSlurmPorts;
  } else {
    return place;
  }
  read_master(place, environment);
  return place;
}

Place find_place() {
  return find_place([](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value ? std::optional<std::string>(value) : std::nullopt;
  });
}

}  // namespace lockstep::rl::ranks
