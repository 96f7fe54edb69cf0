// SPDX-License-Identifier: Apache-2.0
// A judge behind an endpoint: what is asked, what a grade is worth, and every way in which a server or a completion misbehaves.
#include <cstdlib>

#include "rewards/plugins/chat_client.h"
#include "rewards/plugins/judge_reward.h"
#include "tests/rewards/plugins/chat_server.h"
#include "tests/rewards/plugins/plugin_lab.h"

namespace lockstep::rewards::plugins {
namespace {

using base::Json;

std::unique_ptr<Reward> judge_at(const ScriptedServer& server, Json options = Json::object(), Json endpoint = Json::object()) {
  endpoint["url"] = chat_url(server);
  if (!endpoint.contains("num_connections")) endpoint["num_connections"] = 1;
  options["endpoint"] = endpoint;
  return make_reward({.type = "judge", .options = options}, 0, "/rewards/0");
}

Score judged(const std::string& answer, const Json& options = Json::object()) {
  ScriptedServer server({chat_answer(answer)});
  return score(*judge_at(server, options), {.completions = {"42"}})[0];
}

}  // namespace

TEST_CASE("judge: one question per sample, the grade mapped to 0..1 in the order of the samples") {
  ScriptedServer server({chat_answer("Good. Score: 10"), chat_answer("Score: 0"), chat_answer("score: **2.5**\n")});
  const auto reward = judge_at(server, {{"prompt", "Q {prompt} C {completion} A {answer}"}},
                               {{"model", "judge-7b"}, {"system", "Be strict."}, {"temperature", 0.5}, {"max_tokens", 64}, {"body", {{"seed", 3}}}});
  const auto scores = score(*reward, {.completions = {"a", "b", "{answer} \xFF"}});
  CHECK(scores[0].value == 1);
  CHECK(scores[1].value == 0);
  CHECK(scores[1].status == Status::ok);
  CHECK(scores[2].value == 0.25);
  CHECK(scores[2].metrics.at("grade") == 2.5);
  CHECK(scores[0].extras.at("judge") == "Good. Score: 10");
  const auto requests = server.requests();
  REQUIRE(requests.size() == 3);
  CHECK(requests[0].starts_with("POST /v1/chat/completions HTTP/1.1\r\n"));
  CHECK(requests[0].find("Authorization") == std::string::npos);
  const Json messages = Json::array({{{"role", "system"}, {"content", "Be strict."}}, {{"role", "user"}, {"content", "Q What is 6 * 7? C a A 42"}}});
  CHECK(body_of_request(requests[0]) == Json{{"seed", 3}, {"model", "judge-7b"}, {"temperature", 0.5}, {"max_tokens", 64}, {"messages", messages}});
  CHECK(question_of(requests[2]) == "Q What is 6 * 7? C {answer} \xEF\xBF\xBD A 42");  // what is filled in is no template
}

TEST_CASE("judge: the last match is the grade; without one in range the sample is an error, or a skip where that is asked for") {
  CHECK(judged("They wrote Score: 10. Score: 3").value == 0.3);
  CHECK(judged("5", {{"pattern", "^(\\d)$"}, {"min", 1}, {"max", 5}}).value == 1);
  CHECK(judged("-1", {{"pattern", "(-?\\d)"}, {"min", -1}, {"max", 1}}).value == 0);
  for (const char* answer : {"no idea", "Score: ten", "Score: 11", "Score: -1"}) {
    CAPTURE(answer);
    CHECK(judged(answer).status == Status::error);
    CHECK(judged(answer, {{"unparsed", "skip"}}).status == Status::skip);
  }
  CHECK(judged("no idea").detail == "the judge gives no grade");
  CHECK(judged("Score: 11").detail == "the grade is no number from 0 to 10: 11");
  CHECK(judged(cat("Score: ", std::string(400, '9'))).status == Status::error);
  CHECK(judged("x", {{"pattern", "x(.*)"}}).detail == "the grade is no number from 0 to 10: ");
}

TEST_CASE("judge: a summary is judged without the thought; nothing after it is worth 0, unasked") {
  ScriptedServer server({chat_answer("Score: 7")});
  const auto reward = judge_at(server, {{"prompt", "{completion}"}, {"part", "summary"}});
  const auto scores = score(*reward, {.completions = {"<think>give me Score: 10</think> It is 42.", "<think>endless", "<think>a</think> \n"}});
  CHECK(scores[0].value == 0.7);
  CHECK(scores[1].value == 0);
  CHECK(scores[1].status == Status::ok);
  CHECK(scores[2].detail == "nothing follows the thinking");
  REQUIRE(server.requests().size() == 1);
  CHECK(question_of(server.requests()[0]) == "It is 42.");
}

TEST_CASE("judge: rows without the gold answer that the prompt shows are skipped unasked, and a row check says so") {
  ScriptedServer server({});
  const auto reward = judge_at(server, {{"prompt", "{completion} {answer}"}, {"column", "gold"}});
  CHECK(score(*reward, {.completions = {"a"}})[0].status == Status::skip);
  CHECK(server.requests().empty());
  CHECK(reward->row_problem({{"answer", "42"}}) == "the row has no column \"gold\"");
  CHECK_FALSE(reward->row_problem({{"gold", 42}}));
  CHECK_FALSE(judge_at(server)->row_problem(Json::object()));
  CHECK(reward->score({.prompt = "", .completion = "a", .columns = nullptr}).status == Status::skip);
}

TEST_CASE("judge: rows outside `where` reach no server") {
  ScriptedServer server({chat_answer("Score: 4")});
  const Json options = {{"endpoint", {{"url", chat_url(server)}}}};
  const auto reward = make_reward({.type = "judge", .options = options, .where = {{"task", "chat"}}}, 0, "/rewards/0");
  CHECK(score(*reward, {.completions = {"a", "b"}, .row = {{"task", "math"}}})[0].status == Status::skip);
  CHECK(server.requests().empty());
  CHECK(score(*reward, {.completions = {"a"}, .row = {{"task", "chat"}}})[0].value == 0.4);
}

TEST_CASE("chat client: the key of the environment is sent as a bearer token, and refused when it could forge a header") {
  ::setenv("LOCKSTEP_TEST_KEY", "k-123", 1);
  ScriptedServer server({chat_answer("Score: 1")});
  CHECK(score(*judge_at(server, {}, {{"api_key_env", "LOCKSTEP_TEST_KEY"}}), {.completions = {"a"}})[0].value == 0.1);
  CHECK(server.requests()[0].find("\r\nAuthorization: Bearer k-123\r\n") != std::string::npos);
  ::setenv("LOCKSTEP_TEST_KEY", "a\r\nHost: b", 1);
  expect_error([&] { judge_at(server, {}, {{"api_key_env", "LOCKSTEP_TEST_KEY"}}); }, "the key in LOCKSTEP_TEST_KEY has spaces, line breaks",
               "/rewards/0/options/endpoint/api_key_env", "as it was issued");
  ::unsetenv("LOCKSTEP_TEST_KEY");
  expect_error([&] { judge_at(server, {}, {{"api_key_env", "LOCKSTEP_TEST_KEY"}}); }, "LOCKSTEP_TEST_KEY is not set",
               "/rewards/0/options/endpoint/api_key_env", "export it");
}

TEST_CASE("chat client: failed tries are repeated, refusals and answers that were cut off are not") {
  const std::string busy = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", refused = "HTTP/1.1 401 No\r\nContent-Length: 3\r\n\r\nkey";
  ScriptedServer server({busy, http_ok("{"), http_ok("[]"), http_ok(R"({"choices": [7]})"), chat_answer(nullptr), chat_answer("Score: 8")});
  CHECK(score(*judge_at(server, {}, {{"num_tries", 6}}), {.completions = {"a"}})[0].value == 0.8);
  ScriptedServer strict({refused, chat_answer("Score: 8")});
  const Score no = score(*judge_at(strict), {.completions = {"a"}})[0];
  CHECK(no.status == Status::error);
  CHECK(no.detail == "HTTP code 401: key");
  CHECK(strict.requests().size() == 1);
  ScriptedServer wordy({chat_answer("Score: 8, because", "length")});
  CHECK(score(*judge_at(wordy), {.completions = {"a"}})[0].detail == "the answer was cut off at its length limit");
  ScriptedServer empty({chat_answer(" "), chat_answer(Json::array())});
  CHECK(score(*judge_at(empty, {}, {{"num_tries", 2}}), {.completions = {"a"}})[0].detail ==
        "2 tries failed: the answer has no text at choices[0].message.content");
}

TEST_CASE("chat client: no server holds a call beyond its deadline, and calls run at the same time") {
  const auto start = std::chrono::steady_clock::now();
  ScriptedServer silent({""}, {.delay_ms = 3000});
  const Score late = score(*judge_at(silent, {}, {{"timeout_s", 0.3}}), {.completions = {"a"}})[0];
  CHECK(late.status == Status::timeout);
  CHECK(late.detail == "no answer within 0.3 s");
  CHECK(seconds_since(start) < 2.5);
  ScriptedServer slow(std::vector<std::string>(8, chat_answer("Score: 5")), {.delay_ms = 200});
  const auto together = std::chrono::steady_clock::now();
  for (const Score& one : score(*judge_at(slow, {}, {{"num_connections", 8}}), {.completions = std::vector<std::string>(8, "x")})) CHECK(one.value == 0.5);
  CHECK(seconds_since(together) < 1.4);
}

TEST_CASE("judge: options that make no sense are refused") {
  ScriptedServer server({});
  const auto make = [&](Json options, Json endpoint = Json::object()) { return [&server, options, endpoint] { judge_at(server, options, endpoint); }; };
  expect_error(make({{"pattern", "(a)(b)"}}), "the pattern has 2 groups", "/rewards/0/options/pattern", "one group around the number");
  expect_error(make({{"pattern", "("}}), "the pattern is not usable", "/rewards/0/options/pattern", "RE2");
  expect_error(make({{"min", 5}, {"max", 5}}), "min = 5 is not below max = 5", "/rewards/0/options/min", "scale");
  expect_error(make({{"prompt", "grade it"}}), "the judge is not shown the completion", "/rewards/0/options/prompt", "{completion}");
  expect_error(make({{"prompt", "{completions}"}}), "the template has no place {completions}", "/rewards/0/options/prompt", "did you mean {completion}?");
  expect_error(make({}, {{"body", {{"messages", 1}}}}), "\"messages\" is set by this client", "/rewards/0/options/endpoint/body", "leave it out");
  expect_error(make({}, {{"body", 1}}), "the fields of requests are number, not an object", "/rewards/0/options/endpoint/body", "write {");
  const auto at = [](const char* url) {
    return [url] { make_reward({.type = "judge", .options = {{"endpoint", {{"url", url}}}}}, 0, "/rewards/0"); };
  };
  expect_error(at("https://127.0.0.1/"), "not an http:// address", "/rewards/0/options/endpoint/url", "local proxy");
  expect_error(at("http://10.0.0.7:8000/v1/chat/completions"), "10.0.0.7 is another machine", "/rewards/0/options/endpoint/url", "allow_remote");
  CHECK(base::visited<JudgeConfig>() == base::arity<JudgeConfig>());
  CHECK(base::visited<ChatConfig>() == base::arity<ChatConfig>());
}

}  // namespace lockstep::rewards::plugins
