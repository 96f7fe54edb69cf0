// SPDX-License-Identifier: Apache-2.0
// f32 to bf16 in one AVX512-BF16 instruction, which rounds to nearest even, makes denormals zero and NaN quiet as we do.
#pragma once

#include <immintrin.h>

namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE {

inline __m256i to_bf16(__m512 x) { return reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(x)); }

}  // namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE
