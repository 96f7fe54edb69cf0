// SPDX-License-Identifier: Apache-2.0
// A scope in which f32 and f64 denormals are zero, in and out, whatever the thread was set to before (x86-64).
#pragma once

#include <xmmintrin.h>

namespace lockstep::rl {

// Moments of parameters that get no gradient decay into denormals, which cost over a hundred cycles each; and with the
// mode fixed here, the bits do not depend on which thread of which pool runs the loop.
class FlushDenormals {
 public:
  FlushDenormals() : saved_(_mm_getcsr()) { _mm_setcsr(saved_ | 0x8040u); }  // FTZ and DAZ
  ~FlushDenormals() { _mm_setcsr(saved_); }
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

 private:
  unsigned saved_;
};

}  // namespace lockstep::rl
