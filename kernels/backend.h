// SPDX-License-Identifier: Apache-2.0
// Which form of the operations runs: our CPU kernels, which keep the numeric contract, or torch operations, which run on any
// device and promise nothing bitwise.
#pragma once

#include <cstdint>
#include <functional>

#include "base/thread_pool.h"
#include "kernels/tensor.h"

namespace lockstep::kernels {

enum class Backend {
  automatic,  // native kernels for f32 and bf16 tensors on the CPU, torch operations elsewhere
  portable,   // torch operations everywhere
};

// One choice for the whole process, made before the first operation. Thread-safe.
void set_backend(Backend backend);
Backend backend();

// While in scope, native products and attention without gradients on this thread are shared out over the pool by outputs
// and heads: for a batch that is alone on the machine. No bit changes by it.
class SharedWork {
 public:
  explicit SharedWork(base::ThreadPool& pool);
  ~SharedWork();
  SharedWork(const SharedWork&) = delete;
  SharedWork& operator=(const SharedWork&) = delete;

  // Calls work(begin, end) for parts of [0, count) that cover it: all at once here, or side by side on the pool.
  static void for_parts(int64_t count, const std::function<void(int64_t begin, int64_t end)>& work);

 private:
  base::ThreadPool* outer_;
};

// Do native kernels work on this tensor?
bool is_native(const Tensor& x);
bool is_native(const at::Device& device);

}  // namespace lockstep::kernels
