// SPDX-License-Identifier: Apache-2.0
// Which rank this process is, as torchrun, Slurm, Open MPI or `lockstep train --launch` say it in the environment.
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace lockstep::rl::ranks {

struct Place {
  int rank = 0, size = 1;
  int local_rank = 0, local_size = 1;  // among the ranks of this machine
  std::string master_addr = "127.0.0.1";
  int master_port = 0;
  int listen_fd = -1;  // rank 0 of `--launch`: the socket that the launcher bound, so that no port is guessed

  bool is_loopback() const;  // no other machine takes part
};

// Value of an environment variable; nullopt when it is not set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

// torchrun: RANK, WORLD_SIZE, LOCAL_RANK, LOCAL_WORLD_SIZE, MASTER_ADDR, MASTER_PORT. Slurm: the variables of a job step (srun), not
// those that every command of an allocation sees; Open MPI: OMPI_COMM_WORLD_*. Both take MASTER_ADDR and MASTER_PORT where they
// are set; Slurm else the step's first host and a port made from the job's number. One rank when there is none of them. Error:
// a number that is none or out of range, a size above 1 without an address.
Place find_place(const Environment& environment);
Place find_place();  // of this process

// First name of a Slurm host list: "gpu[03-07,9],cpu1" -> "gpu03".
std::string first_host(const std::string& list);

}  // namespace lockstep::rl::ranks
