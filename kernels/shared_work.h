// SPDX-License-Identifier: Apache-2.0
// One batch on all threads: work of native kernels in parts, when nothing else runs beside it.
#pragma once

#include <cstdint>
#include <functional>

#include "base/thread_pool.h"

namespace lockstep::kernels {

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

}  // namespace lockstep::kernels
