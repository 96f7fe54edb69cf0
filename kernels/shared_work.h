// SPDX-License-Identifier: Apache-2.0
// One batch on all threads: work of native kernels in parts, when nothing else runs beside it.
#pragma once

#include <cstdint>
#include <functional>

#include "base/thread_pool.h"

namespace lockstep::kernels {

// While in scope, the work of native kernels on this thread is shared out over the pool by outputs, rows and heads: for a
// batch that is alone on the machine. No bit changes by it.
class SharedWork {
 public:
  explicit SharedWork(base::ThreadPool& pool);
  ~SharedWork();
  SharedWork(const SharedWork&) = delete;
  SharedWork& operator=(const SharedWork&) = delete;

  // Calls work(begin, end) for parts of [0, count) that cover it: all at once here, or side by side on the pool. `products` is what one of
  // [0, count) costs, where it is known: parts too small for their start are not made.
  static void for_parts(int64_t count, const std::function<void(int64_t begin, int64_t end)>& work, int64_t products = 0);

 private:
  base::ThreadPool* outer_;
};

}  // namespace lockstep::kernels
