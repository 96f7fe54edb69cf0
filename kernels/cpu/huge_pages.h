// SPDX-License-Identifier: Apache-2.0
// Memory on huge pages for what is streamed: with pages of 4 KiB the walks through page tables
// take a tenth of the time of a decode step's products.
#pragma once

#include <cstddef>
#include <memory>

namespace lockstep::kernels::cpu {

// `bytes` on a boundary of 64 bytes, in blocks that the kernel is asked to back with huge pages; several allocations share a
// block, which is given back with the last of them; up to 1 GiB of such blocks are kept for later calls. What is in the memory
// is unspecified. Thread-safe. Without huge pages it is ordinary memory. std::bad_alloc.
std::shared_ptr<void> allocate_huge(size_t bytes);

}  // namespace lockstep::kernels::cpu
