// SPDX-License-Identifier: Apache-2.0
// Thousands of damaged safetensors files: each is refused with an Error or read without harm.
#include <ATen/ops/arange.h>
#include <ATen/ops/zeros.h>
#include <doctest/doctest.h>

#include "base/error.h"
#include "base/file.h"
#include "base/rng.h"
#include "model/checkpoint_io.h"
#include "tests/model/mutate.h"
#include "tests/support/temp_folder.h"

namespace lockstep::model {

TEST_CASE("safetensors: damaged files never crash and never give a tensor of another size") {
  const test::TempFolder folder;
  write_safetensors(folder.path("valid"),
                    {{"model.embed_tokens.weight", at::arange(12, at::kFloat).reshape({3, 4})},
                     {"mask", at::zeros({5}, at::kBool)},
                     {"model.norm.weight", at::arange(4, at::kBFloat16)}},
                    {{"step", "1"}});
  const std::string valid = base::read_file(folder.path("valid"));
  base::Random random(0, "safetensors mutations");
  int num_read = 0, num_refused = 0;
  for (int round = 0; round < 4000; ++round) {
    const std::string file = folder.write("mutant", test::mutate(valid, random));
    try {
      const auto source = open_safetensors(file);
      size_t bytes = 0;
      for (const std::string& name : source->names()) bytes += source->tensor(name).nbytes();
      REQUIRE(bytes <= valid.size() + 64);
      ++num_read;
    } catch (const Error& error) {
      REQUIRE_FALSE(error.where().empty());
      ++num_refused;
    }
  }
  CHECK(num_read > 100);      // flips inside the data
  CHECK(num_refused > 1000);  // flips inside the header, cuts
}

TEST_CASE("safetensors: every truncation is refused") {
  const test::TempFolder folder;
  write_safetensors(folder.path("valid"), {{"w", at::arange(7, at::kFloat)}});
  const std::string valid = base::read_file(folder.path("valid"));
  for (size_t size = 0; size < valid.size(); ++size) {
    folder.write("cut", valid.substr(0, size));
    CHECK_THROWS_AS(open_safetensors(folder.path("cut")), Error);
  }
}

}  // namespace lockstep::model
