// SPDX-License-Identifier: Apache-2.0
// The process's choice of kernels.
#include "kernels/backend.h"

#include <atomic>

namespace lockstep::kernels {
namespace {

std::atomic<Backend> chosen{Backend::automatic};

}  // namespace

void set_backend(Backend backend) { chosen = backend; }
Backend backend() { return chosen; }

bool is_native(const at::Device& device) { return device.is_cpu() && chosen == Backend::automatic; }
bool is_native(const Tensor& x) {
  return is_native(x.device()) && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16);
}

}  // namespace lockstep::kernels
