// SPDX-License-Identifier: Apache-2.0
// Random damage to a file's bytes: flips, cuts, insertions, copies of parts, extreme integers.
#pragma once

#include <string>

#include "base/rng.h"

namespace lockstep::test {

inline std::string mutate(std::string bytes, base::Random& random) {
  const uint64_t num_edits = 1 + random.below(3);
  for (uint64_t i = 0; i < num_edits && !bytes.empty(); ++i) {
    const size_t at = random.below(bytes.size());
    switch (random.below(6)) {
      case 0:
      case 1:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.below(8)));
        break;
      case 2:
        bytes.resize(at);
        break;
      case 3:
        bytes.insert(at, 1 + random.below(9), static_cast<char>(random.below(256)));
        break;
      case 4:
        bytes.insert(at, bytes.substr(random.below(bytes.size()), 1 + random.below(24)));
        break;
      case 5:
        for (size_t k = at; k < bytes.size() && k < at + 8; ++k)
          bytes[k] = static_cast<char>(k == at + 7 ? 0x7f : 0xff);
        break;
    }
  }
  return bytes;
}

}  // namespace lockstep::test
