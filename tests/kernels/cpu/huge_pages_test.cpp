// SPDX-License-Identifier: Apache-2.0
// Memory on huge pages: aligned, nobody else's, and used again.
#include "kernels/cpu/huge_pages.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

namespace lockstep::kernels::cpu {

TEST_CASE("huge pages: allocations are aligned and do not overlap, on several threads at once") {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([t] {
      std::vector<std::shared_ptr<void>> held;
      const std::vector<size_t> sizes = {1, 100, 1 << 20, 3 << 20, 20 << 20, 63};
      for (const size_t bytes : sizes) {
        held.push_back(allocate_huge(bytes));
        CHECK(reinterpret_cast<uintptr_t>(held.back().get()) % 64 == 0);
        std::memset(held.back().get(), 16 * t + static_cast<int>(held.size()), bytes);
      }
      for (size_t i = 0; i < sizes.size(); ++i) {
        const auto* bytes = static_cast<const unsigned char*>(held[i].get());
        const auto mine = static_cast<unsigned char>(16 * t + static_cast<int>(i) + 1);
        CHECK(bytes[0] == mine);
        CHECK(bytes[sizes[i] - 1] == mine);
      }
    });
  for (auto& thread : threads) thread.join();
}

TEST_CASE("huge pages: a block lives as long as its last allocation, and is then used again") {
  constexpr size_t kLarge = size_t{17} << 20;
  auto first = allocate_huge(kLarge);
  const void* const place = first.get();
  const auto second = allocate_huge(kLarge);
  CHECK(second.get() != place);
  first.reset();
  CHECK(allocate_huge(kLarge).get() == place);
}

}  // namespace lockstep::kernels::cpu
