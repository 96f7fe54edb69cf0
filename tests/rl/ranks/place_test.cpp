// SPDX-License-Identifier: Apache-2.0
// Launchers' variables.
#include "rl/ranks/place.h"

#include <doctest/doctest.h>

#include <map>

#include "tests/support/errors.h"

namespace lockstep {

using rl::ranks::find_place;
using rl::ranks::first_host;
using test::check_error;

namespace {

rl::ranks::Environment environment(std::map<std::string, std::string> values) {
  return [values](const std::string& name) -> std::optional<std::string> {
    const auto found = values.find(name);
    return found == values.end() ? std::nullopt : std::optional(found->second);
  };
}

}  // namespace

TEST_CASE("place: without a launcher there is one rank") {
  const auto place = find_place(environment({}));
  CHECK(place.size == 1);
  CHECK(place.rank == 0);
}

TEST_CASE("place: torchrun") {
  const auto place = find_place(environment({{"RANK", "5"}, {"WORLD_SIZE", "8"}, {"LOCAL_RANK", "1"}, {"LOCAL_WORLD_SIZE", "4"},
                                             {"MASTER_ADDR", "10.0.0.7"}, {"MASTER_PORT", "29501"}}));
  CHECK(place.rank == 5);
  CHECK(place.size == 8);
  CHECK(place.local_rank == 1);
  CHECK(place.local_size == 4);
  CHECK(place.master_addr == "10.0.0.7");
  CHECK(place.master_port == 29501);
  CHECK_FALSE(place.is_loopback());
}

TEST_CASE("place: a Slurm step, its first host and a port of the job's own; an allocation alone is one rank") {
  const std::map<std::string, std::string> allocation = {{"SLURM_JOB_ID", "123456"}, {"SLURM_NTASKS", "4"}, {"SLURM_PROCID", "0"}};
  CHECK(find_place(environment(allocation)).size == 1);
  auto step = allocation;
  step.insert({{"SLURM_STEP_NUM_TASKS", "4"}, {"SLURM_STEP_NODELIST", "gpu[03-04]"}, {"SLURM_LOCALID", "1"}, {"SLURM_STEP_TASKS_PER_NODE", "2(x2)"}});
  step.insert_or_assign("SLURM_PROCID", std::string(1, '3'));
  const auto place = find_place(environment(step));
  CHECK(place.rank == 3);
  CHECK(place.size == 4);
  CHECK(place.local_size == 2);
  CHECK(place.master_addr == "gpu03");
  CHECK(place.master_port == 20000 + 123456 % 20000);
}

TEST_CASE("place: Open MPI with the master's address") {
  const auto place = find_place(environment({{"OMPI_COMM_WORLD_RANK", "1"}, {"OMPI_COMM_WORLD_SIZE", "2"}, {"MASTER_PORT", "4000"}}));
  CHECK(place.rank == 1);
  CHECK(place.master_addr == "127.0.0.1");
  CHECK(place.is_loopback());
}

TEST_CASE("place: what is no number, out of range or missing") {
  const auto with = [](const char* rank, const char* size) { return environment({{"RANK", rank}, {"WORLD_SIZE", size}, {"MASTER_PORT", "1"}}); };
  check_error([&] { find_place(with("x", "2")); }, "RANK is \"x\", not a number from 0 to 1", "environment", "torchrun");
  check_error([&] { find_place(with("2", "2")); }, "RANK is \"2\", not a number from 0 to 1", "environment", "srun");
  check_error([&] { find_place(with("", "2")); }, "RANK is \"\", not a number", "environment", "srun");
  check_error([&] { find_place(with("0", "0")); }, "WORLD_SIZE is \"0\"", "environment", "mpirun");
  check_error([&] { find_place(environment({{"RANK", "0"}, {"WORLD_SIZE", "2"}})); }, "MASTER_PORT is not set", "environment", "free port");
}

TEST_CASE("place: the first of a host list") {
  CHECK(first_host("node7") == "node7");
  CHECK(first_host("a1,b2") == "a1");
  CHECK(first_host("gpu[03-07,9],cpu1") == "gpu03");
  CHECK(first_host("r[1,2]n-eth0") == "r1n-eth0");
  CHECK(first_host("n[5]") == "n5");
  CHECK(first_host("") == "");
}

}  // namespace lockstep
