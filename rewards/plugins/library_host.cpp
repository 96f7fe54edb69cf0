// SPDX-License-Identifier: Apache-2.0
// Serving a shared library over the channel.
#include "rewards/plugins/library_host.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <iostream>
#include <memory>
#include <optional>

#include "base/error.h"
#include "base/text.h"
#include "rewards/plugins/child.h"
#include "rewards/plugins/frame.h"
#include "rewards/plugins/library.h"

namespace lockstep::rewards::plugins {
namespace {

using base::Json;

// The trainer's messages are its own: their limit is that of the header.
std::optional<std::string> receive(FrameReader& reader) {
  std::array<char, size_t{64} << 10> buffer;
  while (true) {
    if (auto body = reader.next()) return body;
    const ssize_t bytes = ::recv(kChildChannel, buffer.data(), buffer.size(), 0);
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes <= 0) return std::nullopt;
    reader.append({buffer.data(), static_cast<size_t>(bytes)});
  }
}

bool send(const Json& message) {
  const std::string frame = make_frame(message.dump(-1, ' ', false, Json::error_handler_t::replace));
  for (size_t sent = 0; sent < frame.size();) {
    const ssize_t bytes = ::send(kChildChannel, frame.data() + sent, frame.size() - sent, MSG_NOSIGNAL);
    if (bytes < 0 && errno != EINTR) return false;
    if (bytes > 0) sent += static_cast<size_t>(bytes);
  }
  return true;
}

// A call's samples, with the storage that they point into.
struct CallSamples {
  Json call;
  std::vector<std::vector<int32_t>> ids;
  std::vector<Sample> samples;

  explicit CallSamples(Json message) : call(std::move(message)) {
    for (const Json& sample : call.at("samples")) {
      const Json& row = call.at("rows").at(sample.at("row").get<size_t>());
      ids.push_back(sample.at("ids").get<std::vector<int32_t>>());
      samples.push_back({.prompt = row.at("prompt").get_ref<const std::string&>(),
                         .completion = sample.at("completion").get_ref<const std::string&>(),
                         .columns = &row.at("columns"),
                         .is_terminated = sample.at("is_terminated").get<bool>(),
                         .num_tokens = sample.at("num_tokens").get<int64_t>(),
                         .ids = ids.back()});
    }
  }
};

Json score_json(const Score& score) {
  Json json = {{"detail", score.detail}, {"metrics", score.metrics}};
  switch (score.status) {
    case Status::ok:
      json["value"] = score.value;
      break;
    case Status::skip:
      json["skip"] = true;
      break;
    case Status::timeout:
      json["timeout"] = true;
      break;
    case Status::error:
      json["error"] = score.detail;
      break;
  }
  return json;
}

Json answer(const Library& library, Json message, double timeout_s) {
  const Json id = message.at("id");
  const CallSamples call(std::move(message.at("call")));
  Json scores = Json::array();
  for (const Score& score : library.score(call.samples, timeout_s)) scores.push_back(score_json(score));
  return {{"id", id}, {"scores", std::move(scores)}};
}

void limit_memory(int64_t megabytes) {
  if (megabytes == 0) return;
  const rlim_t bytes = static_cast<rlim_t>(megabytes) << 20;
  const rlimit limit{bytes, bytes};
  if (::setrlimit(RLIMIT_AS, &limit) != 0) throw Error("the memory limit cannot be set", "max_memory_mb", "give a smaller one");
}

std::unique_ptr<Library> load(const Json& settings) {
  try {
    limit_memory(settings.at("max_memory_mb").get<int64_t>());
    auto library = std::make_unique<Library>(settings.at("file").get<std::string>(), settings.at("options"),
                                             [](const std::string& line) { std::cout << line << std::endl; });
    return send({{"hello", 1}, {"per_sample", false}}) ? std::move(library) : nullptr;
  } catch (const Error& error) {
    send({{"hello", 1}, {"error", cat(error.what_happened(), " (", error.fix(), ")")}});
    return nullptr;
  }
}

}  // namespace

int serve_library(const std::string& settings_text) {
  // The trainer's end is ours, even in the middle of a call.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const Json settings = Json::parse(settings_text, nullptr, /*allow_exceptions=*/false);
  int type = 0;
  socklen_t size = sizeof type;
  if (!settings.is_object() || ::getsockopt(kChildChannel, SOL_SOCKET, SO_TYPE, &type, &size) != 0) {
    std::cerr << "this is started by Lockstep itself, with a channel on descriptor 3\n";
    return 1;
  }
  const auto library = load(settings);
  if (!library) return 0;
  const double timeout_s = settings.at("timeout_s").get<double>();
  FrameReader reader(kMaxFrameBytes);
  while (const auto body = receive(reader)) {
    if (!send(answer(*library, Json::parse(*body), timeout_s))) break;
  }
  return 0;
}

}  // namespace lockstep::rewards::plugins
