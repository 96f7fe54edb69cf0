// SPDX-License-Identifier: Apache-2.0
// Grouped products in one piece and in ranges of panels, on every instruction set.
#pragma once

#include <vector>

#include "tests/kernels/cpu/matmul_operands.h"
#include "tests/kernels/cpu/support.h"

namespace lockstep::kernels::cpu::test {

// Eight panels: two for the `n` (65 to 128) outputs of each of the four experts in `packed`. `expected` [slots, n].
template <class T, class Packed>
void check_grouped_products(const GroupedRows<T>& rows, const Packed& packed, int64_t n, const std::vector<float>& expected) {
  for (const Isa isa : all_isas()) {
    std::vector<float> whole(expected.size()), shared(expected.size());
    grouped_matmul(rows, packed, MatmulOutput::f32(whole.data(), n), isa);
    CHECK(first_difference(whole, expected) == -1);
    for (const PanelRange range : {PanelRange{5, 8}, PanelRange{1, 5}, PanelRange{0, 1}}) {
      MatmulOutput part = MatmulOutput::f32(shared.data(), n);
      part.range = range;
      grouped_matmul(rows, packed, part, isa);
    }
    CHECK(first_difference(shared, expected) == -1);
  }
}

}  // namespace lockstep::kernels::cpu::test
