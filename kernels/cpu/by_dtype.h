// SPDX-License-Identifier: Apache-2.0
// Calls a generic lambda with the element types that a kernel's Dtype members name.
#pragma once

#include <cstdint>

#include "kernels/cpu/dtype.h"

namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE {

template <class T>
struct Element {
  using Type = T;
};

template <class Body>
inline void by_dtype(Dtype dtype, Body&& body) {
  if (dtype == Dtype::f32)
    body(Element<float>());
  else
    body(Element<uint16_t>());
}

// body(Element<X>, Element<Y>).
template <class Body>
inline void by_dtypes(Dtype x, Dtype y, Body&& body) {
  by_dtype(x, [&](auto first) { by_dtype(y, [&](auto second) { body(first, second); }); });
}

// Row n of a strided array of T.
template <class T>
inline const T* row_of(const void* base, int64_t n, int64_t stride) {
  return static_cast<const T*>(base) + n * stride;
}
template <class T>
inline T* row_of(void* base, int64_t n, int64_t stride) {
  return static_cast<T*>(base) + n * stride;
}

}  // namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE
