// SPDX-License-Identifier: Apache-2.0
// A row of any width as whole lanes and one tail: a kernel's body is written once and sees both.
#pragma once

#include <cstdint>

#include "kernels/cpu/lanes.h"

namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE {

// Sixteen elements of a row from `at` on. Element types: float, or uint16_t for bf16.
struct WholeLanes {
  int64_t at;

  Lanes load(const float* row) const { return Lanes::load(row + at); }
  Lanes load(const uint16_t* row) const { return Lanes::load_bf16(row + at); }
  void store(float* row, Lanes x) const { x.store(row + at); }
  void store(uint16_t* row, Lanes x) const { x.store_bf16(row + at); }
  // `x` where the row has elements, `outside` beyond its end.
  Lanes inside(Lanes x, Lanes /*outside*/) const { return x; }
};

// The last `count` < 16 elements. Loads give 0 beyond the end.
struct TailLanes {
  int64_t at;
  int count;

  Lanes load(const float* row) const { return Lanes::load_first(row + at, count); }
  Lanes load(const uint16_t* row) const { return Lanes::load_first_bf16(row + at, count); }
  void store(float* row, Lanes x) const { x.store_first(row + at, count); }
  void store(uint16_t* row, Lanes x) const { x.store_first_bf16(row + at, count); }
  Lanes inside(Lanes x, Lanes outside) const { return select_first(count, x, outside); }
};

template <class Body>
inline void for_lanes(int64_t size, Body&& body) {
  int64_t at = 0;
  for (; at + Lanes::kCount <= size; at += Lanes::kCount) body(WholeLanes{at});
  if (at < size) body(TailLanes{at, static_cast<int>(size - at)});
}

}  // namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE
