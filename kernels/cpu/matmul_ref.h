// SPDX-License-Identifier: Apache-2.0
// The matrix products as plain loops: their meaning, and the oracle of kernels/cpu/matmul.h. Not for use outside tests.
#pragma once

#include "kernels/cpu/matmul.h"

namespace lockstep::kernels::cpu {

// As matmul with an unpacked B [K, N].
void matmul_ref(const MatrixView<float>& a, const MatrixView<float>& b, const MatmulOutput& c);
void matmul_ref(const MatrixView<uint16_t>& a, const MatrixView<uint16_t>& b, const MatmulOutput& c);

}  // namespace lockstep::kernels::cpu
