// SPDX-License-Identifier: Apache-2.0
// Rewards behind HTTP: both forms, tries, deadlines, and servers that answer slowly, endlessly or wrongly.
#include <doctest/doctest.h>

#include "rewards/plugins/http_answer.h"
#include "rewards/plugins/http_post.h"
#include "tests/rewards/plugins/plugin_lab.h"
#include "tests/rewards/plugins/scripted_server.h"

namespace lockstep::rewards::plugins {
namespace {

using base::Json;

std::unique_ptr<Reward> reward_at(const ScriptedServer& server, Json options = Json::object()) {
  options["url"] = cat("http://127.0.0.1:", server.port(), "/score");
  return make_reward({.type = "http", .options = options}, 0, "/rewards/0");
}

std::string ok(const std::string& body) { return cat("HTTP/1.1 200 OK\r\nContent-Length: ", body.size(), "\r\n\r\n", body); }

Json body_of(const std::string& request) { return base::parse_json(request.substr(request.find("\r\n\r\n") + 4), "request"); }

}  // namespace

TEST_CASE("http openrlhf: one POST per group with queries, prompts and labels; scores and logs become metrics") {
  ScriptedServer server({ok(R"({"rewards": [1.5, null, 0], "scores": [1, 0, 0], "extra_logs": {"acc": [1, 0, 0], "share": 0.5}})")});
  const auto scores = score(*reward_at(server), {.completions = {" 42", " 41", "\xFF"}});
  CHECK(scores[0].value == 1.5);
  CHECK(scores[0].metrics == std::map<std::string, double>{{"score", 1}, {"acc", 1}, {"share", 0.5}});
  CHECK(scores[1].status == Status::skip);
  CHECK(scores[2].status == Status::ok);
  REQUIRE(server.requests().size() == 1);
  CHECK(server.requests()[0].starts_with("POST /score HTTP/1.1\r\nHost: 127.0.0.1:"));
  const Json body = body_of(server.requests()[0]);
  CHECK(body["query"] == Json({"What is 6 * 7? 42", "What is 6 * 7? 41", "What is 6 * 7?\xEF\xBF\xBD"}));
  CHECK(body["prompts"] == Json(std::vector<std::string>(3, "What is 6 * 7?")));
  CHECK(body["labels"] == Json({"42", "42", "42"}));
}

TEST_CASE("http slime: one POST per sample, a number or an object comes back") {
  ScriptedServer server({ok("0.5"), ok(R"({"score": 1, "acc": 1, "note": "x"})"), ok("null"), ok(R"({"reward": 2})"), ok("\"1\""), ok("{}")});
  const auto reward = reward_at(server, {{"interface", "slime"}, {"num_connections", 1}, {"num_tries", 1}});
  const auto scores = score(*reward, {.completions = {"a", "b", "c", "d", "e", "f"}});
  CHECK(scores[0].value == 0.5);
  CHECK(scores[1].value == 1);
  CHECK(scores[1].metrics == std::map<std::string, double>{{"acc", 1}});
  CHECK(scores[2].status == Status::skip);
  CHECK(scores[3].value == 2);
  CHECK(scores[4].detail == "a reward that is string");
  CHECK(contains(scores[5].detail, "neither a number"));
  CHECK(body_of(server.requests()[0]) == Json{{"prompt", "What is 6 * 7?"}, {"response", "a"}, {"label", "42"}});
}

TEST_CASE("http slime: the samples of a group are asked for at the same time") {
  ScriptedServer server(std::vector<std::string>(8, ok("1")), {.delay_ms = 100});
  const auto reward = reward_at(server, {{"interface", "slime"}, {"num_connections", 8}});
  const auto start = std::chrono::steady_clock::now();
  for (const Score& s : score(*reward, {.completions = std::vector<std::string>(8, "x")})) CHECK(s.value == 1);
  CHECK(seconds_since(start) < 0.6);
}

TEST_CASE("http: a failed try is repeated, and the last failure is told when none is left") {
  const std::string error = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy";
  ScriptedServer server({error, "garbage\r\n\r\n", ok("{"), ok(R"({"rewards": [1]})")});
  CHECK(score(*reward_at(server), {.completions = {"a"}})[0].value == 1);
  ScriptedServer busy({error, error});
  const auto scores = score(*reward_at(busy, {{"num_tries", 2}}), {.completions = {"a", "b"}});
  CHECK(scores[1].status == Status::error);
  CHECK(scores[1].detail == "2 tries failed: HTTP code 503: busy");
  const auto nobody = make_reward({.type = "http", .options = {{"url", "http://127.0.0.1:1/"}, {"num_tries", 1}}}, 0, "/r");
  CHECK(contains(score(*nobody, {.completions = {"a"}})[0].detail, "cannot connect: Connection refused"));
}

TEST_CASE("http: an answer of the wrong form fails its samples and is not asked for again") {
  for (const char* body : {"[]", "{}", R"({"rewards": 1})", R"({"rewards": [1, 2]})", R"({"rewards": []})"}) {
    CAPTURE(body);
    ScriptedServer server({ok(body)});
    const auto scores = score(*reward_at(server), {.completions = {"a"}});
    CHECK(scores[0].status == Status::error);
    CHECK(server.requests().size() == 1);
  }
  ScriptedServer server({ok(R"({"rewards": ["x", [1], true, 1]})")});
  const auto scores = score(*reward_at(server), {.completions = {"a", "b", "c", "d"}});
  for (size_t i = 0; i < 3; ++i) CHECK(scores[i].status == Status::error);
  CHECK(scores[3].value == 1);
}

TEST_CASE("http: no server holds a call beyond its deadline") {
  const auto start = std::chrono::steady_clock::now();
  const Json hasty = {{"timeout_s", 0.3}};
  const auto check_timeout = [&](ScriptedServer& server) {
    const auto scores = score(*reward_at(server, hasty), {.completions = {"a"}});
    CHECK(scores[0].status == Status::timeout);
    CHECK(contains(scores[0].detail, "no answer within 0.3 s"));
  };
  ScriptedServer silent({""}, {.delay_ms = 1500});
  check_timeout(silent);
  ScriptedServer slow({ok(std::string(1000, ' ') + R"({"rewards": [1]})")}, {.byte_delay_ms = 50});
  check_timeout(slow);
  ScriptedServer endless({"HTTP/1.1 200 OK\r\n\r\n" + std::string(1000, ' ')}, {.byte_delay_ms = 5});
  check_timeout(endless);
  CHECK(seconds_since(start) < 6);
}

TEST_CASE("http answer: every way to cut it gives the same, in all three ways to say its length") {
  const std::vector<std::string> answers = {
      "HTTP/1.1 200 OK\r\ncontent-LENGTH:  5 \r\nX: y\r\n\r\nhello",
      "HTTP/1.0 200 OK\r\n\r\nhello",
      "HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\nTrailer: z\r\n\r\n",
  };
  for (const std::string& text : answers) {
    for (size_t piece = 1; piece <= text.size(); ++piece) {
      HttpAnswer answer;
      for (size_t at = 0; at < text.size(); at += piece) answer.append(std::string_view(text).substr(at, piece));
      answer.finish();
      CHECK(answer.is_complete());
      CHECK(answer.code() == 200);
      CHECK(answer.body() == "hello");
    }
  }
}

TEST_CASE("http answer: what is wrong or too large is refused") {
  const std::string head = "HTTP/1.1 200 OK\r\n";
  for (const auto& [text, what] : std::vector<std::pair<std::string, std::string>>{
           {"hello\r\n\r\n", "not an HTTP/1.1 answer: hello"},
           {"HTTP/1.1 abc OK\r\n\r\n", "not an HTTP/1.1 answer"},
           {"HTTP/1.1 100 Continue\r\n\r\n", "not an HTTP/1.1 answer"},
           {head + "Content-Length: x\r\n\r\n", "a length that is no number"},
           {head + "Content-Length: -1\r\n\r\n", "a length that is no number"},
           {head + "Content-Length: 99999999999999999999999\r\n\r\n", "a length that is no number"},
           {head + "Content-Length: 99999999\r\n\r\n", "above the limit"},
           {head + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", "two lengths"},
           {head + "Transfer-Encoding: gzip\r\n\r\n", "the transfer encoding gzip"},
           {head + "Content-Encoding: gzip\r\n\r\n", "the content encoding gzip"},
           {head + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", "a length that is no number"},
           {head + "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", "a chunk that is longer than it says"},
           {head + "Content-Length: 5\r\n\r\nab", "the connection ended before the answer did"},
           {head + std::string(70'000, 'x'), "a head that does not end"},
           {head + "Transfer-Encoding: chunked\r\n\r\n0\r\n" + std::string(70'000, 'x'), "a head that does not end"}}) {
    HttpAnswer answer;
    expect_error([&, &bytes = text] { answer.append(bytes); answer.finish(); }, what, "HTTP answer", "look at the reward's server");
  }
  HttpAnswer endless;
  endless.append(head + "\r\n");
  expect_error([&] { while (true) endless.append(std::string(1 << 20, ' ')); }, "above the limit", "HTTP answer", "");
}

TEST_CASE("http url: plain HTTP to numeric addresses, other machines only when it is said") {
  const HttpUrl url = parse_http_url("http://10.1.2.3:8000/a/b?c=d", "w");
  CHECK(url.host == "10.1.2.3");
  CHECK(url.port == 8000);
  CHECK(url.path == "/a/b?c=d");
  CHECK_FALSE(url.is_loopback());
  CHECK(parse_http_url("http://localhost", "w").is_loopback());
  CHECK(parse_http_url("http://[::1]:9/", "w").is_loopback());
  for (const char* bad : {"https://127.0.0.1/", "127.0.0.1", "http://", "http://example.org/", "http://127.0.0.1:0/", "http://127.0.0.1:x/",
                          "http://127.0.0.1:99999/", "http://127.0.0.1:/", "http://127.0.0.1/a b", "http://127.0.0.1/\r\nX: y", "http://[::1/",
                          "http://1.2.3/", "http://user@127.0.0.1/"}) {
    CAPTURE(bad);
    expect_error([&] { parse_http_url(bad, "w"); }, "", "w", "write http://ADDRESS:PORT/PATH");
  }
  expect_error([] { make_reward({.type = "http", .options = {{"url", "http://10.1.2.3/"}}}, 0, "/r"); }, "10.1.2.3 is another machine",
               "/r/options/url", "set allow_remote");
}

}  // namespace lockstep::rewards::plugins
