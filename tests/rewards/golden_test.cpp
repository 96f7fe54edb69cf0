// SPDX-License-Identifier: Apache-2.0
// Generated data is part of what a run's final hash depends on: the same bytes on every machine, from version
// to version.
#include <doctest/doctest.h>

#include "rewards/tasks/corpus.h"
#include "rewards/tasks/task.h"

namespace lockstep::rewards {
namespace {

TEST_CASE("tasks and corpus: the first rows of seed 0 are pinned") {
  // A deliberate change of a generator changes these values and, with them, the hashes that the README
  // prints.
  const std::vector<std::pair<const char*, uint32_t>> pinned = {
      {"chain_sum", 3298703454u},       {"products", 2687272899u},       {"mod_chain", 1582445012u},
      {"decimal_compare", 3003024151u}, {"letter_count", 847488470u},    {"spell_backward", 2475788247u},
      {"countdown", 2228957701u},       {"knights_knaves", 1477262641u},
      {"needle", 3792822844u},
  };
  for (const auto& [name, checksum] : pinned) {
    const Task task(name);
    std::string rows;
    for (uint64_t index = 0; index < 50; ++index) {
      rows += task.make(0, index % 2 == 0 ? Split::train : Split::eval, index).dump() + "\n";
    }
    CHECK_MESSAGE(crc32(rows) == checksum, name, ": ", crc32(rows));
  }
  for (const auto& [mix, checksum] : {std::pair{"A", 1650627003u}, {"B", 1675683739u}, {"C", 1270469814u}}) {
    std::string documents;
    for (uint64_t index = 0; index < 200; ++index) documents += corpus_document({.mix = mix}, 0, index) + "\n";
    CHECK_MESSAGE(crc32(documents) == checksum, mix, ": ", crc32(documents));
  }
}

}  // namespace
}  // namespace lockstep::rewards
