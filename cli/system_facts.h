// SPDX-License-Identifier: Apache-2.0
// What `lockstep doctor` reads from the operating system: processor, memory, disk, limits, GPU driver. Linux x86-64.
#pragma once

#include <string>

#include "base/json.h"

namespace lockstep::cli {

// Each returns one object of names and readable values. A file that the system lacks or hides gives no entry, not an Error.
base::Json processor_facts();                      // model, threads, x86 features
base::Json memory_facts();                         // total, available, limit of the control group
base::Json disk_facts(const std::string& folder);  // size and free space of the file system that holds `folder`
base::Json limit_facts();                          // soft and hard resource limits
base::Json gpu_driver_facts();                     // NVIDIA kernel driver and cards; empty without one

// "12.3 GiB"
std::string format_bytes(double bytes);

}  // namespace lockstep::cli
