// SPDX-License-Identifier: Apache-2.0
// What this machine can do at most, measured: the roofline that benchmarks are held against.
#pragma once

#include "base/thread_pool.h"
#include "kernels/cpu/isa.h"

namespace lockstep::kernels::cpu {

struct MachinePeak {
  double f32_flops = 0, bf16_flops = 0;  // per second, all threads together, fused multiply-adds that stay in registers
  double read_bytes = 0;                 // per second, all threads together, from memory beyond the caches
};

// Takes about a second and 128 MiB per thread.
MachinePeak measure_peak(base::ThreadPool& pool, Isa isa = isa());

}  // namespace lockstep::kernels::cpu
