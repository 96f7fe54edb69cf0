// SPDX-License-Identifier: Apache-2.0
// Collectives over loopback, what they say when a rank is missing, and the watch.
#include "rl/ranks/world.h"

#include <ATen/ops/full.h>
#include <doctest/doctest.h>

#include <atomic>
#include <map>
#include <mutex>

#include "base/text.h"
#include "rl/ranks/watch.h"
#include "tests/rl/ranks/worlds.h"
#include "tests/support/errors.h"

namespace lockstep {

using rl::ranks::Board;
using rl::ranks::Watch;
using rl::ranks::World;
using test::check_error;
using test::with_ranks;

namespace {

// A board in memory; `is_gone` makes every call fail.
struct Memory {
  std::mutex mutex;
  std::map<std::string, std::string> values;
  bool is_gone = false;
};

class MemoryBoard : public Board {
 public:
  explicit MemoryBoard(Memory& memory) : memory_(memory) {}
  void write(const std::string& key, const std::string& value) override { at(key) = value; }
  void write_once(const std::string& key, const std::string& value) override {
    if (auto& old = at(key); old.empty()) old = value;
  }
  std::string read(const std::string& key) override { return at(key); }

 private:
  std::string& at(const std::string& key) {
    const std::lock_guard lock(memory_.mutex);
    if (memory_.is_gone) throw std::runtime_error("broken pipe\nback trace");
    return memory_.values[key];
  }
  Memory& memory_;
};

}  // namespace

TEST_CASE("world: alone, nothing is connected") {
  const World world;
  CHECK(world.is_alone());
  CHECK(world.all_gather("x", "y") == std::vector<std::string>{"x"});
  CHECK(world.any(true, "stop"));
  bool is_done = false;
  world.in_turn([&] { is_done = true; }, "work");
  CHECK(is_done);
}

TEST_CASE("world: all ranks get the bytes of all, whatever their lengths") {
  with_ranks(3, [](World& world) {
    const std::string own(static_cast<size_t>(world.rank()) * 1000, static_cast<char>('a' + world.rank()));
    const auto all = world.all_gather(own, "bytes");
    REQUIRE(all.size() == 3);
    for (size_t r = 0; r < 3; ++r) CHECK(all[r] == std::string(r * 1000, static_cast<char>('a' + r)));
    CHECK(world.all_gather("", "nothing") == std::vector<std::string>(3));
    CHECK(world.any(world.rank() == 2, "stop"));
    CHECK_FALSE(world.any(false, "stop"));
  });
}

TEST_CASE("world: tensors from a root, to a root, to the first") {
  with_ranks(3, [](World& world) {
    const auto value = static_cast<double>(world.rank());
    auto tensor = at::full({5}, value, at::kFloat);
    world.broadcast(tensor, 1, "a tensor");
    CHECK(tensor.sum().item<float>() == 5);
    const auto all = world.gather(at::full({2}, value, at::kBFloat16), 2, "a tensor");
    CHECK(all.size() == (world.rank() == 2 ? 3 : 0));
    for (size_t r = 0; r < all.size(); ++r) CHECK(all[r].sum().item<float>() == 2 * static_cast<float>(r));
    auto sent = at::full({4}, value, at::kFloat);
    world.send_to_first(sent, 2, "a tensor");
    CHECK(sent.sum().item<float>() == (world.rank() == 0 ? 8 : 4 * static_cast<float>(value)));
  });
}

TEST_CASE("world: rank 0 works first") {
  std::atomic<int> order = 0;
  with_ranks(2, [&](World& world) { world.in_turn([&] { CHECK((order++ == 0) == world.is_first()); }, "work"); });
}

TEST_CASE("world: a rank that fails is the cause that the others name") {
  std::atomic<bool> is_named = false;
  const auto run = [&](World& world) {
    if (world.rank() == 1) {
      world.fail("the disk is full");
      throw std::runtime_error("rank 1 ends");
    }
    try {
      world.barrier("the step");
    } catch (const Error& error) {
      is_named = error.what_happened() == "rank 1: the disk is full" && error.where() == "rank 0 of 2, all-gather of the step";
      throw;
    }
  };
  check_error([&] { with_ranks(2, run, {.timeout_s = 20, .heartbeat_timeout_s = 3}); }, "rank 1: the disk is full", "rank 0 of 2", "resumes");
  CHECK(is_named);
}

TEST_CASE("world: a collective that one rank does not join ends at its deadline, with its name") {
  const auto run = [](World& world) {
    if (world.rank() == 1) {
      std::this_thread::sleep_for(std::chrono::seconds(8));  // alive, but busy with something else
      throw std::runtime_error("rank 1 ends");
    }
    world.broadcast(at::full({5}, 0.0, at::kFloat), 0, "parameter x");
    world.barrier("the step");
  };
  check_error([&] { with_ranks(2, run, {.timeout_s = 2, .heartbeat_timeout_s = 3}); }, "did not end within ranks.timeout_s = 2", "rank 0 of 2",
              "raise ranks.timeout_s");
}

TEST_CASE("world: nobody listens there") {
  rl::ranks::Place place{.rank = 1, .size = 2, .master_addr = "127.0.0.1"};
  place.master_port = 1;
  check_error([&] { World(place, {.timeout_s = 2}); }, "rank 1 of 2 cannot reach rank 0 at 127.0.0.1:1", "ranks", "MASTER_ADDR");
}

TEST_CASE("world: rank 0 where another program listens") {
  const auto taken = base::listen_on_loopback(0, "");
  const rl::ranks::Place place{.rank = 0, .size = 2, .master_port = taken.port};
  check_error([&] { World(place, {.timeout_s = 2}); }, cat("rank 0 of 2 cannot listen at 127.0.0.1:", taken.port, ": "), "ranks", "MASTER_PORT");
}

TEST_CASE("world: the other rank never comes, or there is no such network interface") {
  const auto port = [] { return base::listen_on_loopback(0, "").port; };  // free again
  const rl::ranks::Place place{.rank = 0, .size = 2, .master_port = port()}, other{.rank = 0, .size = 2, .master_port = port()};
  check_error([&] { World(place, {.timeout_s = 2}); }, "rank 0 cannot connect to the other 1: ", "ranks", "see that all ranks were started");
  check_error([&] { World(other, {.timeout_s = 2, .interface = "none0"}); }, "rank 0 cannot connect to the other 1: ", "ranks", "ranks.interface");
}

TEST_CASE("watch: a rank without a sign of life is missed, once, by its number") {
  Memory memory;
  std::mutex mutex;
  std::vector<std::string> deaths;
  {
    Watch first(std::make_unique<MemoryBoard>(memory), 0, 3, 3, [&](const std::string& cause) {
      const std::lock_guard lock(mutex);
      deaths.push_back(cause);
    });
    Watch second(std::make_unique<MemoryBoard>(memory), 1, 3, 60, [](const std::string&) {});
    std::this_thread::sleep_for(std::chrono::milliseconds(7500));
  }
  REQUIRE(deaths.size() == 1);
  CHECK(deaths[0].starts_with("rank 2 has given no sign of life for"));
}

TEST_CASE("watch: a cause that is told reaches who asks, and the first one stands") {
  Memory memory;
  bool has_died = false;
  Watch teller(std::make_unique<MemoryBoard>(memory), 0, 2, 60, [](const std::string&) {});
  Watch asker(std::make_unique<MemoryBoard>(memory), 1, 2, 60, [&](const std::string&) { has_died = true; });
  teller.tell("rank 0: first");
  teller.tell("rank 0: second");
  CHECK(asker.cause(5) == "rank 0: first");
  asker.stop();
  CHECK_FALSE(has_died);
}

TEST_CASE("watch: when the board is gone, rank 0 is") {
  Memory memory;
  memory.is_gone = true;
  Watch watch(std::make_unique<MemoryBoard>(memory), 1, 2, 60, [](const std::string&) {});
  CHECK(watch.cause(5) == "rank 0, which holds what the ranks share, does not answer: broken pipe");
  watch.tell("nobody hears it");
}

}  // namespace lockstep
