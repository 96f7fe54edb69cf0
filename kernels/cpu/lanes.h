// SPDX-License-Identifier: Apache-2.0
// Sixteen f32 lanes: the one vector type in which the CPU kernels are written, so that every ISA does the same roundings,
// sixteen 32-bit words beside them, and the 8-bit weights that become lanes.
// A source of an ISA's object library sees the backend of its compiler flags, in a namespace of its own.
#pragma once

#if defined(__AVX512BF16__)
#include "kernels/cpu/narrow_avx512bf16.h"
#elif defined(__AVX512F__)
#include "kernels/cpu/narrow_avx512.h"
#endif

#if defined(__AVX512F__)
#include "kernels/cpu/lanes_avx512.h"
#include "kernels/cpu/pairs_avx512.h"
#include "kernels/cpu/quants_avx512.h"
#include "kernels/cpu/words_avx512.h"
#elif defined(__AVX2__)
#include "kernels/cpu/lanes_avx2.h"
#include "kernels/cpu/pairs_avx2.h"
#include "kernels/cpu/quants_avx2.h"
#include "kernels/cpu/words_avx2.h"
#else
#include "kernels/cpu/lanes_scalar.h"
#include "kernels/cpu/pairs_scalar.h"
#include "kernels/cpu/quants_scalar.h"
#include "kernels/cpu/words_scalar.h"
#endif

#if defined(__AVX512BF16__)
#include "kernels/cpu/pair_dot_avx512bf16.h"
#include "kernels/cpu/quant_pairs_avx512bf16.h"
#else
#include "kernels/cpu/pair_dot.h"
#include "kernels/cpu/quant_pairs.h"
#endif
