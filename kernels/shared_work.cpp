// SPDX-License-Identifier: Apache-2.0
// The pool that this thread's work is shared out over, if any.
#include "kernels/shared_work.h"

#include <algorithm>

namespace lockstep::kernels {
namespace {

thread_local base::ThreadPool* shared_pool = nullptr;

constexpr int64_t kLeastProducts = int64_t{1} << 20;  // of a part: some ten microseconds, a few times what its start costs

}  // namespace

SharedWork::SharedWork(base::ThreadPool& pool) : outer_(shared_pool) { shared_pool = &pool; }
SharedWork::~SharedWork() { shared_pool = outer_; }

void SharedWork::for_parts(int64_t count, const std::function<void(int64_t, int64_t)>& work, int64_t products) {
  int64_t parts = shared_pool ? std::min<int64_t>(shared_pool->num_threads(), count) : 1;
  if (products > 0) parts = std::min(parts, count * products / kLeastProducts);
  if (parts <= 1) {
    work(0, count);
    return;
  }
  shared_pool->parallel_for(static_cast<int>(parts), [&](int i) { work(count * i / parts, count * (i + 1) / parts); });
}

}  // namespace lockstep::kernels
