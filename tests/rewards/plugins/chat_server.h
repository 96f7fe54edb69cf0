// SPDX-License-Identifier: Apache-2.0
// Answers of an OpenAI-compatible server, and what was asked, for tests with a ScriptedServer.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "base/text.h"
#include "tests/rewards/plugins/scripted_server.h"

namespace lockstep::rewards::plugins {

inline std::string http_ok(const std::string& body) { return cat("HTTP/1.1 200 OK\r\nContent-Length: ", body.size(), "\r\n\r\n", body); }

// A chat completion with this text.
inline std::string chat_answer(const base::Json& content, const char* finish_reason = "stop") {
  const base::Json message = {{"role", "assistant"}, {"content", content}};
  const base::Json choice = {{"index", 0}, {"message", message}, {"finish_reason", finish_reason}};
  return http_ok(base::Json{{"id", "x"}, {"object", "chat.completion"}, {"choices", base::Json::array({choice})}}.dump());
}

inline std::string chat_url(const ScriptedServer& server) { return cat("http://127.0.0.1:", server.port(), "/v1/chat/completions"); }

inline base::Json body_of_request(const std::string& request) { return base::parse_json(request.substr(request.find("\r\n\r\n") + 4), "request"); }

// The user's message of a request.
inline std::string question_of(const std::string& request) {
  return body_of_request(request)["messages"].back()["content"].get<std::string>();
}

}  // namespace lockstep::rewards::plugins
