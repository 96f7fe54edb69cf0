// SPDX-License-Identifier: Apache-2.0
// Gloo's collectives with deadlines, and causes for what fails.
#include "rl/ranks/world.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <c10/util/Flags.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <thread>

#include "base/error.h"
#include "base/text.h"
#include "rl/ranks/watch.h"

C10_DECLARE_int(caffe2_log_level);

namespace lockstep::rl::ranks {
namespace {

constexpr int kLogErrors = 2;  // of c10's levels

using Milliseconds = std::chrono::milliseconds;
using Store = c10::intrusive_ptr<c10d::Store>;

constexpr double kTellingSeconds = 2.5;  // rank 0 holds the store this long for the others to read why it ends

Milliseconds milliseconds(double seconds) { return Milliseconds(static_cast<int64_t>(seconds * 1000)); }

// c10d's texts carry a C++ back trace behind the first line.
std::string first_line(const std::exception& error) {
  const std::string text = error.what();
  return text.substr(0, text.find('\n'));
}

class StoreBoard : public Board {
 public:
  explicit StoreBoard(Store store) : store_(std::move(store)) {}
  void write(const std::string& key, const std::string& value) override { store_->set(key, bytes(value)); }
  void write_once(const std::string& key, const std::string& value) override { store_->compareSet(key, {}, bytes(value)); }
  std::string read(const std::string& key) override {
    if (!store_->check({key})) return "";
    const auto value = store_->get(key);
    return {value.begin(), value.end()};
  }

 private:
  static std::vector<uint8_t> bytes(const std::string& text) { return {text.begin(), text.end()}; }
  Store store_;
};

Store open_store(const Place& place, double timeout_s, bool is_server) {
  c10d::TCPStoreOptions options;
  options.port = static_cast<uint16_t>(place.master_port);
  options.isServer = is_server;
  options.waitWorkers = false;
  options.timeout = milliseconds(timeout_s);
  if (is_server && place.listen_fd >= 0) options.masterListenFd = place.listen_fd;
  try {
    return c10::make_intrusive<c10d::TCPStore>(place.master_addr, options);
  } catch (const std::exception& error) {
    throw Error(cat("rank ", place.rank, " of ", place.size, " cannot ", is_server ? "listen at " : "reach rank 0 at ", place.master_addr, ":",
                    place.master_port, ": ", first_line(error)),
                "ranks", "check MASTER_ADDR, MASTER_PORT and that rank 0 runs");
  }
}

c10::intrusive_ptr<c10d::ProcessGroupGloo> connect(const Store& store, const Place& place, const RanksConfig& config) {
  try {
    auto options = c10d::ProcessGroupGloo::Options::create(milliseconds(config.timeout_s));
    if (!config.interface.empty())
      options->devices.push_back(c10d::ProcessGroupGloo::createDeviceForInterface(config.interface));
    else if (place.is_loopback())
      options->devices.push_back(c10d::ProcessGroupGloo::createDeviceForHostname("127.0.0.1"));
    else
      options->devices.push_back(c10d::ProcessGroupGloo::createDefaultDevice());
    return c10::make_intrusive<c10d::ProcessGroupGloo>(c10::make_intrusive<c10d::PrefixStore>("gloo", store), place.rank, place.size, options);
  } catch (const std::exception& error) {
    throw Error(cat("rank ", place.rank, " cannot connect to the other ", place.size - 1, ": ", first_line(error)), "ranks",
                "see that all ranks were started, with the same WORLD_SIZE, and that ranks.interface names their common network");
  }
}

[[noreturn]] void end_process(int rank, const std::string& cause) {
  std::cerr << "lockstep: error: " << cause << "\n  where: seen by rank " << rank
            << "\n  fix:   see what that rank said; the same command resumes from the last checkpoint" << std::endl;
  std::_Exit(1);
}

Tensor bytes_tensor(const std::string& bytes, int64_t size) {
  auto out = at::empty({size}, at::kByte);
  std::memset(out.mutable_data_ptr<uint8_t>(), 0, static_cast<size_t>(size));
  std::memcpy(out.mutable_data_ptr<uint8_t>(), bytes.data(), bytes.size());
  return out;
}

}  // namespace

struct World::Links {
  Place place;
  RanksConfig config;
  Store store;
  c10::intrusive_ptr<c10d::ProcessGroupGloo> group;
  std::unique_ptr<Watch> watch;

  // Waits for what `start` began; what goes wrong becomes an Error that names the cause.
  void wait(const char* operation, const std::string& about, const std::function<c10::intrusive_ptr<c10d::Work>()>& start) const {
    std::string reason;
    try {
      start()->wait();
      return;
    } catch (const std::exception& error) {
      reason = first_line(error);
    }
    const auto cause = watch->cause(config.heartbeat_timeout_s + 1);
    throw Error(cause.empty() ? cat(operation, " did not end within ranks.timeout_s = ", config.timeout_s, ": ", reason) : cause,
                cat("rank ", place.rank, " of ", place.size, ", ", operation, " of ", about),
                cause.empty() ? "raise ranks.timeout_s if a rank's rollout takes so long, else see what the slowest rank does"
                              : "see what that rank said; the same command resumes from the last checkpoint");
  }

  // Tensors of all ranks, as large as this one's.
  std::vector<Tensor> all_gather(Tensor own, const std::string& about) const {
    std::vector<std::vector<Tensor>> out(1);
    for (int r = 0; r < place.size; ++r) out[0].push_back(at::empty_like(own));
    std::vector<Tensor> in = {std::move(own)};
    wait("all-gather", about, [&] { return group->allgather(out, in); });
    return out[0];
  }
};

World::World() = default;
World::~World() = default;

const World& World::alone() {
  static const World world;
  return world;
}

World::World(const Place& place, const RanksConfig& config) : rank_(place.rank), size_(place.size) {
  if (size_ == 1) return;
  FLAGS_caffe2_log_level = std::max(FLAGS_caffe2_log_level, kLogErrors);  // warnings come with back traces; what matters becomes an Error
  links_ = std::make_unique<Links>();
  links_->place = place;
  links_->config = config;
  links_->store = open_store(place, config.timeout_s, is_first());
  links_->group = connect(links_->store, place, config);
  // A connection of its own: a call of the main thread may hold the other one for long.
  auto board = std::make_unique<StoreBoard>(open_store(place, config.heartbeat_timeout_s, /*is_server=*/false));
  links_->watch = std::make_unique<Watch>(std::move(board), rank_, size_, config.heartbeat_timeout_s,
                                          [rank = rank_](const std::string& cause) { end_process(rank, cause); });
}

void World::barrier(const std::string& about) const { all_gather("", about); }

std::vector<std::string> World::all_gather(const std::string& own, const std::string& about) const {
  if (!links_) return {own};
  auto size = at::empty({1}, at::kLong);
  *size.mutable_data_ptr<int64_t>() = static_cast<int64_t>(own.size());
  std::vector<int64_t> sizes;
  for (const auto& s : links_->all_gather(size, about)) sizes.push_back(*s.const_data_ptr<int64_t>());
  const int64_t largest = *std::max_element(sizes.begin(), sizes.end());
  std::vector<std::string> out(sizes.size());
  if (largest == 0) return out;
  const auto all = links_->all_gather(bytes_tensor(own, largest), about);
  for (size_t r = 0; r < sizes.size(); ++r)
    out[r].assign(reinterpret_cast<const char*>(all[r].const_data_ptr<uint8_t>()), static_cast<size_t>(sizes[r]));
  return out;
}

bool World::any(bool own, const std::string& about) const {
  const auto all = all_gather(own ? "1" : "", about);
  return std::any_of(all.begin(), all.end(), [](const std::string& bytes) { return !bytes.empty(); });
}

void World::broadcast(Tensor tensor, int root, const std::string& about) const {
  if (!links_) return;
  c10d::BroadcastOptions options;
  options.rootRank = root;
  std::vector<Tensor> tensors = {std::move(tensor)};
  links_->wait("broadcast", about, [&] { return links_->group->broadcast(tensors, options); });
}

std::vector<Tensor> World::gather(const Tensor& own, int root, const std::string& about) const {
  if (!links_) return {own};
  c10d::GatherOptions options;
  options.rootRank = root;
  std::vector<std::vector<Tensor>> out;
  if (rank_ == root) {
    out.emplace_back();
    for (int r = 0; r < size_; ++r) out[0].push_back(at::empty_like(own));
  }
  std::vector<Tensor> in = {own};
  links_->wait("gather", about, [&] { return links_->group->gather(out, in, options); });
  return rank_ == root ? out[0] : std::vector<Tensor>();
}

void World::send_to_first(Tensor tensor, int from, const std::string& about) const {
  constexpr int kTag = 1;
  std::vector<Tensor> tensors = {std::move(tensor)};
  if (rank_ == from) links_->wait("send", about, [&] { return links_->group->send(tensors, 0, kTag); });
  if (is_first()) links_->wait("receive", about, [&] { return links_->group->recv(tensors, from, kTag); });
}

void World::in_turn(const std::function<void()>& work, const std::string& about) const {
  if (is_first()) work();
  barrier(about);
  if (!is_first()) work();
}

void World::leave() {
  if (!links_) return;
  barrier("the end");  // watched: whoever comes last may still be writing
  links_->watch->stop();
}

void World::fail(const std::string& cause) noexcept {
  if (!links_) return;
  links_->watch->tell(cat("rank ", rank_, ": ", cause));
  if (is_first()) std::this_thread::sleep_for(std::chrono::duration<double>(kTellingSeconds));
}

}  // namespace lockstep::rl::ranks
