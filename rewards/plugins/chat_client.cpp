// SPDX-License-Identifier: Apache-2.0
// The request's JSON, and what is taken from the answer's.
#include "rewards/plugins/chat_client.h"

#include <algorithm>
#include <cstdlib>

#include "base/error.h"
#include "base/text.h"

namespace lockstep::rewards::plugins {
namespace {

using base::Json;

std::vector<HttpField> key_field(const std::string& variable, const std::string& where) {
  if (variable.empty()) return {};
  const char* key = std::getenv(variable.c_str());
  if (key == nullptr || *key == '\0') {
    throw Error(cat("the environment variable ", base::printable(variable), " is not set"), where, "export it, or leave api_key_env empty");
  }
  const std::string_view text = key;
  if (!std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7F; })) {
    throw Error(cat("the key in ", base::printable(variable), " has spaces, line breaks or characters beyond ASCII"), where,
                "export the key as it was issued");
  }
  return {{"Authorization", cat("Bearer ", text)}};
}

Json first_choice(const Json& answer) {
  if (!answer.is_object()) return nullptr;
  const auto choices = answer.find("choices");
  if (choices == answer.end() || !choices->is_array() || choices->empty()) return nullptr;
  return choices->front();
}

TryResult read_answer(const std::string& body, std::string& text, std::string& problem) {
  try {
    const Json choice = first_choice(base::parse_json(body, "chat answer", {.max_depth = 32, .max_bytes = kMaxHttpBody}));
    const Json message = choice.is_object() ? choice.value("message", Json()) : Json();
    const Json content = message.is_object() ? message.value("content", Json()) : Json();
    if (choice.is_object() && choice.value("finish_reason", Json()) == "length") {
      problem = "the answer was cut off at its length limit";
      return TryResult::hopeless;
    }
    if (!content.is_string() || base::trim(content.get_ref<const std::string&>()).empty()) {
      problem = "the answer has no text at choices[0].message.content";
      return TryResult::useless;
    }
    text = content.get<std::string>();
    return TryResult::accepted;
  } catch (const Error& error) {
    problem = error.what_happened();
    return TryResult::useless;
  }
}

}  // namespace

ChatClient::ChatClient(const ChatConfig& config, const std::string& where) : body_(config.body), num_connections_(config.num_connections) {
  call_.url = parse_local_url(config.url, config.allow_remote, where + "/url");
  call_.fields = key_field(config.api_key_env, where + "/api_key_env");
  call_.num_tries = config.num_tries;
  call_.timeout_s = config.timeout_s;
  if (!body_.is_object()) throw Error(cat("the fields of requests are ", body_.type_name(), ", not an object"), where + "/body", "write {\"seed\": 1}");
  for (const char* own : {"messages", "model", "temperature", "max_tokens", "stream", "n"}) {
    if (body_.contains(own)) throw Error(cat("\"", own, "\" is set by this client"), where + "/body", "leave it out; model, temperature and max_tokens are options");
  }
  if (!config.model.empty()) body_["model"] = config.model;
  body_["temperature"] = config.temperature;
  if (config.max_tokens) body_["max_tokens"] = *config.max_tokens;
  body_["messages"] = Json::array();
  if (!config.system.empty()) body_["messages"].push_back({{"role", "system"}, {"content", config.system}});
}

ChatAnswer ChatClient::ask(std::string_view question) const {
  Json body = body_;
  body["messages"].push_back({{"role", "user"}, {"content", base::repair_utf8(question)}});
  HttpCall call = call_;
  call.json = body.dump(-1, ' ', false, Json::error_handler_t::replace);
  ChatAnswer answer;
  answer.outcome = http_call(call, [&](const std::string& text, std::string& problem) { return read_answer(text, answer.text, problem); }, true);
  return answer;
}

}  // namespace lockstep::rewards::plugins
