// SPDX-License-Identifier: Apache-2.0
// Picks the table of functions of one instruction set. Each such table is defined in the NAME_isa.cpp of its functions.
#pragma once

#include "kernels/cpu/isa.h"

namespace lockstep::kernels::cpu {

template <class Table>
const Table& table_of(Isa isa, const Table& scalar, const Table& avx2, const Table& avx512f, const Table& avx512bf16) {
  switch (isa) {
    case Isa::scalar:
      return scalar;
    case Isa::avx2:
      return avx2;
    case Isa::avx512f:
      return avx512f;
    case Isa::avx512bf16:
      break;
  }
  return avx512bf16;
}

}  // namespace lockstep::kernels::cpu
