// SPDX-License-Identifier: Apache-2.0
// A language model behind an OpenAI-compatible /v1/chat/completions: one question, one answer.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/config.h"
#include "rewards/plugins/http_call.h"

namespace lockstep::rewards::plugins {

struct ChatConfig {
  std::string url;
  std::string model;
  std::string api_key_env;
  std::string system;
  double temperature = 0;
  std::optional<int> max_tokens = {};
  base::Json body = base::Json::object();
  int num_tries = 3;
  int num_connections = 8;
  double timeout_s = 120;
  bool allow_remote = false;
  void visit(auto&& field) {
    field("url", url, "http://ADDRESS:PORT/v1/chat/completions; the address is numeric or localhost");
    field("model", model, "the model's name at the server; empty: not sent");
    field("api_key_env", api_key_env, "the environment variable with the key that is sent as a bearer token; empty: none is sent");
    field("system", system, "the system message; empty: none");
    field("temperature", temperature, "of sampling", base::between(0, 10));
    field("max_tokens", max_tokens, "of an answer; one that is cut off there counts as failed; without: the server's limit",
          base::at_least(1));
    field("body", body, "further fields of every request, for example {\"seed\": 1}");
    field("num_tries", num_tries, "of one call, all within timeout_s; refusals (codes 400 to 404) are not repeated", base::between(1, 100));
    field("num_connections", num_connections, "calls at the same time", base::between(1, 256));
    field("timeout_s", timeout_s, "of one call with all its tries", base::between(0.001, 86400));
    field("allow_remote", allow_remote, "allow addresses of other machines: texts and the key travel in clear text");
  }
};

struct ChatAnswer {
  HttpOutcome outcome;
  std::string text;  // when accepted; not empty
};

// Thread-safe.
class ChatClient {
 public:
  // Error at `where`: a bad address, one of another machine without allow_remote, a key that is not there or has line breaks,
  // `body` fields that this client sets itself.
  ChatClient(const ChatConfig& config, const std::string& where);

  // Never throws for what the server does.
  ChatAnswer ask(std::string_view question) const;
  int num_connections() const { return num_connections_; }

 private:
  HttpCall call_;  // without its body
  base::Json body_;
  int num_connections_;
};

}  // namespace lockstep::rewards::plugins
