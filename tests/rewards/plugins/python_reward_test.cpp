// SPDX-License-Identifier: Apache-2.0
// Python rewards: functions of TRL's and verl's form run unmodified, and their results mean what they mean there.
#include <cmath>

#include "tests/rewards/plugins/plugin_lab.h"

namespace lockstep::rewards::plugins {

using base::Json;

TEST_CASE("python trl: completions and columns arrive by name, as lists, and one value per completion comes back") {
  PythonLab lab;
  const auto reward = lab.reward(R"(
def reward(prompts, completions, completion_ids, answer, **kwargs):
    assert prompts == ["What is 6 * 7?"] * len(completions), prompts
    assert completion_ids == [[7, 8, 9]] * len(completions)
    assert sorted(kwargs) == ["level", "log_extra", "log_metric", "trainer_state"], kwargs
    assert kwargs["level"] == [3] * len(completions)
    return [1.0 if c == a else 0.0 for c, a in zip(completions, answer)]
)");
  CHECK(reward->name() == "mine");
  const auto scores = score(*reward, {.completions = {"42", "41", "42"}, .row = {{"prompt", "x"}, {"answer", "42"}, {"level", 3}}});
  REQUIRE(scores.size() == 3);
  for (const Score& s : scores) CHECK_MESSAGE(s.status == Status::ok, s.detail);
  CHECK(scores[0].value == 1);
  CHECK(scores[1].value == 0);
  CHECK(scores[2].value == 1);
}

TEST_CASE("python trl: a list of messages as prompt makes completions lists of messages") {
  PythonLab lab;
  const auto reward = lab.reward(R"(
def reward(completions, prompts, **kwargs):
    assert prompts[0] == [{"role": "user", "content": "hi"}], prompts
    return [len(c[0]["content"]) for c in completions]
)");
  const Json row = {{"prompt", Json::array({{{"role", "user"}, {"content", "hi"}}})}};
  const auto scores = score(*reward, {.completions = {"four", ""}, .row = row});
  CHECK(scores[0].value == 4);
  CHECK(scores[1].value == 0);
}

TEST_CASE("python trl: None and NaN are skips, infinity and other kinds are errors, of that sample alone") {
  PythonLab lab;
  const auto reward = lab.reward(R"(
class Odd:
    def __float__(self): raise RuntimeError("odd")
def reward(completions, **kwargs):
    return [None, float("nan"), float("inf"), "1", [1], True, 2, Odd(), {}, 10**400][:len(completions)]
)");
  const auto scores = score(*reward, {.completions = std::vector<std::string>(10, "x")});
  const std::vector<Status> expected = {Status::skip,  Status::skip, Status::error, Status::error, Status::error,
                                        Status::ok,    Status::ok,   Status::error, Status::error, Status::error};
  for (size_t i = 0; i < expected.size(); ++i) CHECK_MESSAGE(scores[i].status == expected[i], i, " ", scores[i].detail);
  CHECK(scores[5].value == 1);
  CHECK(scores[6].value == 2);
  CHECK(contains(scores[7].detail, "odd"));
}

TEST_CASE("python trl: asynchronous functions keep one event loop from call to call") {
  PythonLab lab;
  const auto reward = lab.reward(R"(
import asyncio
seen = []
async def reward(completions, **kwargs):
    seen.append(asyncio.get_running_loop())
    await asyncio.gather(*(asyncio.sleep(0.001) for _ in completions))
    return [float(all(loop is seen[0] for loop in seen)) * len(seen)] * len(completions)
)");
  CHECK(score(*reward, {.completions = {"a", "b"}})[1].value == 1);
  CHECK(score(*reward, {.completions = {"a", "b"}})[1].value == 2);
}

TEST_CASE("python trl: log_metric and log_extra reach the log") {
  PythonLab lab;
  const auto reward = lab.reward(R"(
def reward(completions, log_metric, log_extra, **kwargs):
    log_metric("share", 0.25)
    log_extra("seen", [c.upper() for c in completions])
    return [1.0] * len(completions)
)");
  const auto scores = score(*reward, {.completions = {"a", "b"}});
  CHECK(scores[0].metrics == std::map<std::string, double>{{"share", 0.25}});
  CHECK(scores[1].metrics.empty());
  CHECK(scores[1].extras.at("seen") == "B");
}

TEST_CASE("python verl: compute_score gets one sample, and the keys of its dict become metrics and extras") {
  PythonLab lab;
  const auto reward = lab.reward(R"(
def compute_score(data_source, solution_str, ground_truth, extra_info=None):
    assert data_source == "gsm8k" and extra_info == {"split": "train"}, (data_source, extra_info)
    if solution_str == "boom": raise ValueError("no such sample")
    if solution_str == "number": return 0.5
    if solution_str == "none": return None
    if solution_str == "list": return [0.25, "rest"]
    return {"score": float(solution_str == ground_truth), "acc": True, "pred": solution_str, "bad": float("nan")}
)");
  const Json row = {{"data_source", "gsm8k"}, {"reward_model", {{"ground_truth", "42"}}}, {"extra_info", {{"split", "train"}}}};
  const auto scores = score(*reward, {.completions = {"42", "boom", "41", "number", "none", "list"}, .row = row});
  CHECK(scores[0].value == 1);
  CHECK(scores[0].metrics == std::map<std::string, double>{{"acc", 1}});
  CHECK(scores[0].extras == std::map<std::string, std::string>{{"pred", "42"}, {"bad", "nan"}});
  CHECK(scores[1].status == Status::error);
  CHECK(scores[1].detail == "ValueError: no such sample");
  CHECK(scores[2].status == Status::ok);
  CHECK(scores[2].value == 0);
  CHECK(scores[3].value == 0.5);
  CHECK(scores[4].status == Status::skip);
  CHECK(scores[5].value == 0.25);
}

TEST_CASE("python verl: the ground truth may stand in a column, and arguments go to every call") {
  PythonLab lab;
  const auto reward = lab.reward(R"(
async def check(data_source, solution_str, ground_truth, extra_info, bonus):
    return (solution_str == ground_truth) + bonus
)", {{"function", "check"}, {"column", "gold"}, {"arguments", {{"bonus", 0.5}}}});
  const auto scores = score(*reward, {.completions = {"42", "1"}, .row = {{"gold", "42"}}});
  CHECK(scores[0].value == 1.5);
  CHECK(scores[1].value == 0.5);
}

TEST_CASE("python: a module works like a file, and several workers score at the same time") {
  PythonLab lab;
  const auto module = make_reward({.type = "python", .options = {{"module", "operator"}, {"function", "length_hint"}}}, 0, "/r");
  // operator.length_hint takes positional arguments only: an error of the call, not of the run.
  CHECK(score(*module, {.completions = {"a"}})[0].status == Status::error);
  const auto slow = lab.reward(R"(
import time
def compute_score(solution_str, **kwargs):
    time.sleep(0.2)
    return len(solution_str)
)", {{"process", {{"num_workers", 4}}}});
  score(*slow, {.completions = {"", "", "", ""}});  // starts all four
  const auto start = std::chrono::steady_clock::now();
  const auto scores = score(*slow, {.completions = {"", "a", "bb", "ccc"}});
  CHECK(seconds_since(start) < 0.6);
  for (size_t i = 0; i < 4; ++i) CHECK(scores[i].value == static_cast<double>(i));
}

TEST_CASE("python: signal.alarm works in a reward, as Math-Verify needs it") {
  PythonLab lab;
  const auto reward = lab.reward(R"(
import signal
class Late(BaseException): pass
def on_alarm(*_): raise Late()
def reward(completions, **kwargs):
    signal.signal(signal.SIGALRM, on_alarm)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    try:
        for i in range(10**12): i += 1
    except Late:
        return [1.0] * len(completions)
)");
  CHECK(score(*reward, {.completions = {"a"}})[0].value == 1);
}

TEST_CASE("python: what cannot work is an Error of the config, in Python's words") {
  PythonLab lab;
  const auto make = [&](const std::string& code, Json options = Json::object()) { return [&lab, code, options] { lab.reward(code, options); }; };
  expect_error(make("import no_such_module_here"), "No module named 'no_such_module_here'", "/rewards/0", "correct the plugin");
  expect_error(make("def f(): pass\ndef g(): pass"), "no function reward; the functions are: f, g", ".py", "correct the plugin");
  expect_error(make("def reward(:"), "SyntaxError", ".py", "correct the plugin");
  expect_error(make("raise SystemExit(3)"), "SystemExit", ".py", "correct the plugin");
  expect_error(make("import os; os._exit(3)"), "ended before it was ready: exit code 3", ".py", "correct the plugin");
  expect_error(make("import time; time.sleep(60)", {{"process", {{"start_timeout_s", 0.2}}}}), "not ready within 0.2 s", ".py",
               "correct the plugin");
  expect_error(make("def reward(**k): pass", {{"python", "no-such-python"}}), "cannot start no-such-python: No such file", ".py",
               "correct the plugin");
  expect_error([] { make_reward({.type = "python"}, 0, "/rewards/0"); }, "no Python file is named", "/rewards/0/options", "give one");
  expect_error([] { make_reward({.type = "python", .options = {{"file", "a"}, {"module", "b"}}}, 0, "/rewards/0"); },
               "both a file and a module", "/rewards/0/options", "give one");
  expect_error([] { make_reward({.type = "python", .options = {{"file", "nowhere.py"}}}, 0, "/rewards/0"); },
               "there is no file nowhere.py", "/rewards/0/options/file", "name a Python file");
  expect_error([&] { lab.reward("def reward(**k): pass", {{"arguments", 1}}); }, "arguments is number", "/rewards/0/options/arguments",
               "give an object");
}

TEST_CASE("python: statuses are counted beside the mean, as metrics of the run") {
  PythonLab lab;
  std::vector<Combined::Part> parts;
  parts.push_back({lab.reward("def reward(completions, **k): return [None, 1.0, 3.0, 'x']"), 1});
  const Combined combined(std::move(parts));
  const Group group{.completions = {"a", "b", "c", "d"}};
  const auto scores = combined.score_batch(group.samples());
  CHECK(scores[0].status == Status::skip);
  CHECK(scores[3].status == Status::error);
  const RewardStats stats = combined.stats(scores)[0];
  CHECK(stats.num_ok == 2);
  CHECK(stats.num_skip == 1);
  CHECK(stats.num_error == 1);
  CHECK(stats.mean == 2);
  CHECK(stats.std == doctest::Approx(std::sqrt(2.0)));
}

}  // namespace lockstep::rewards::plugins
