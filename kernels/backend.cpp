// SPDX-License-Identifier: Apache-2.0
// The process's choice of kernels.
#include "kernels/backend.h"

#include <algorithm>
#include <atomic>

namespace lockstep::kernels {
namespace {

std::atomic<Backend> chosen{Backend::automatic};
thread_local base::ThreadPool* shared_pool = nullptr;

}  // namespace

void set_backend(Backend backend) { chosen = backend; }
Backend backend() { return chosen; }

SharedWork::SharedWork(base::ThreadPool& pool) : outer_(shared_pool) { shared_pool = &pool; }
SharedWork::~SharedWork() { shared_pool = outer_; }

void SharedWork::for_parts(int64_t count, const std::function<void(int64_t, int64_t)>& work) {
  const int64_t parts = shared_pool ? std::min<int64_t>(shared_pool->num_threads(), count) : 1;
  if (parts <= 1) {
    work(0, count);
    return;
  }
  shared_pool->parallel_for(static_cast<int>(parts), [&](int i) { work(count * i / parts, count * (i + 1) / parts); });
}

bool is_native(const at::Device& device) { return device.is_cpu() && chosen == Backend::automatic; }
bool is_native(const Tensor& x) {
  return is_native(x.device()) && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16);
}

}  // namespace lockstep::kernels
