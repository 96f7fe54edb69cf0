// SPDX-License-Identifier: Apache-2.0
// Pages are owned, shared and copied as sequences need, and come back when nobody owns them.
#include "rollout/pages.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <doctest/doctest.h>

#include "tests/support/errors.h"

namespace lockstep::rollout {
namespace {

TEST_CASE("pages: every page is given once, and again after its last owner left") {
  PagePool pool(3, 4, 9);
  CHECK(pool.weight_version() == 9);
  const auto a = pool.allocate(), b = pool.allocate(), c = pool.allocate();
  CHECK((a != b && b != c && a != c));
  CHECK_FALSE(pool.allocate());
  pool.share(*b);
  pool.release(*b);
  CHECK(pool.num_free() == 0);
  pool.release(*b);
  CHECK(pool.allocate() == b);
  CHECK(pool.peak_pages() == 3);
}

TEST_CASE("pages: releasing or sharing a free page is a fault") {
  PagePool pool(1, 4, 0);
  test::check_error([&] { pool.release(0); }, "free already", "pages.cpp", "");
  test::check_error([&] { pool.share(0); }, "no owner", "pages.cpp", "");
}

TEST_CASE("pages: a sequence grows by whole pages or not at all") {
  PagePool pool(2, 4, 0);
  SequenceRows sequence;
  CHECK(extend(pool, sequence, 3));
  CHECK(pages_missing(pool, sequence, 4) == 0);
  CHECK(pages_missing(pool, sequence, 5) == 1);
  CHECK_FALSE(extend(pool, sequence, 9));
  CHECK(sequence.rows.size() == 3);
  CHECK(pool.num_free() == 1);
  CHECK(extend(pool, sequence, 8));
  for (size_t i = 0; i < 8; ++i) CHECK(sequence.rows[i] == sequence.pages[i / 4] * 4 + static_cast<int64_t>(i % 4));
  release(pool, sequence);
  CHECK(pool.num_free() == 2);
  CHECK(sequence.rows.empty());
}

TEST_CASE("pages: a fork shares full pages and copies the partly filled one") {
  PagePool pool(8, 4, 0);
  SequenceRows prefix;
  extend(pool, prefix, 10);
  RowCopies copies;
  auto fork_a = fork(pool, prefix, 11, copies);
  REQUIRE(fork_a);
  CHECK(pages_beside_prefix(4, 10, 11) == 1);
  CHECK(pool.num_free() == 4);
  CHECK(std::equal(prefix.pages.begin(), prefix.pages.begin() + 2, fork_a->pages.begin()));
  CHECK(fork_a->pages[2] != prefix.pages[2]);
  CHECK(copies.from == std::vector<int64_t>{prefix.rows[8], prefix.rows[9]});
  CHECK(copies.to == std::vector<int64_t>{fork_a->rows[8], fork_a->rows[9]});
  CHECK_FALSE(fork(pool, prefix, 30, copies));
  CHECK(pool.num_free() == 4);
  release(pool, prefix);
  CHECK(pool.num_free() == 5);
  release(pool, *fork_a);
  CHECK(pool.num_free() == 8);
}

TEST_CASE("pages: a prefix of full pages needs no copy") {
  PagePool pool(8, 4, 0);
  SequenceRows prefix;
  extend(pool, prefix, 8);
  RowCopies copies;
  CHECK(fork(pool, prefix, 9, copies)->pages.size() == 3);
  CHECK(copies.from.empty());
}

TEST_CASE("pages: copies move keys and values of every layer and nothing else") {
  model::KvCache cache;
  cache.num_rows = 6;
  cache.keys = {at::arange(12).view({6, 1, 2}).clone(), at::arange(12, 24).view({6, 1, 2}).clone()};
  cache.values = {at::arange(6).view({6, 1, 1}).clone(), Tensor()};
  const auto keys = cache.keys[1].clone(), values = cache.values[0].clone();
  copy_rows(cache, {{1, 2}, {5, 3}});
  CHECK(at::equal(cache.keys[1][5], keys[1]));
  CHECK(at::equal(cache.keys[1][3], keys[2]));
  CHECK(at::equal(cache.values[0][5], values[1]));
  for (const int64_t row : {0, 1, 2, 4}) CHECK(at::equal(cache.keys[1][row], keys[row]));
}

}  // namespace
}  // namespace lockstep::rollout
