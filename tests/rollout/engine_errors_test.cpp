// SPDX-License-Identifier: Apache-2.0
// What the engine refuses, word by word, and how it ends completions by text.
#include <ATen/ops/full.h>
#include <doctest/doctest.h>

#include <limits>

#include "base/text.h"
#include "rollout/local_engine.h"
#include "tests/rollout/tiny_model.h"
#include "tests/support/errors.h"

namespace lockstep::rollout {
namespace {

using test::check_error;
using test::some_requests;

// Token i stands for two letters, so that stop strings straddle tokens.
class TwoLetters final : public model::Tokenizer {
 public:
  std::string piece(TokenId id) const override {
    return {static_cast<char>('a' + id % 4), static_cast<char>('a' + id / 4 % 4)};
  }
  std::string decode(const std::vector<TokenId>& ids, bool) const override {
    std::string text;
    for (const TokenId id : ids) text += piece(id);
    return text;
  }
  std::vector<TokenId> encode(std::string_view) const override { return {}; }
  std::vector<TokenId> encode_with_special(std::string_view) const override { return {}; }
  int64_t vocab_size() const override { return test::kTinyVocab; }
  bool is_special(TokenId) const override { return false; }
  std::optional<TokenId> find(std::string_view) const override { return std::nullopt; }
  std::optional<TokenId> bos_id() const override { return std::nullopt; }
  std::optional<TokenId> eos_id() const override { return std::nullopt; }
  std::optional<TokenId> pad_id() const override { return std::nullopt; }
  bool adds_bos() const override { return false; }
  void save(const std::string&) const override {}
};

struct Bench {
  model::Transformer model = test::tiny_model(test::tiny_llama());
  TwoLetters tokenizer;
  base::ThreadPool pool{2};
  std::vector<Request> requests = some_requests(4, 2);
  SamplingConfig sampling;
  EngineConfig config;

  std::vector<Group> run(bool with_tokenizer = false) {
    LocalEngine engine(model, with_tokenizer ? &tokenizer : nullptr, config, pool);
    return engine.generate(requests, sampling, 3);
  }
};

TEST_CASE("engine: stop strings end a completion at the first token that completes one, also across tokens") {
  Bench bench;
  bench.sampling.max_completion_length = 40;
  for (auto& request : bench.requests) request.stop_ids.clear();
  const auto free = bench.run(true);
  bench.sampling.stop = {"bba", "dcd"};
  const auto stopped = bench.run(true);
  int num_stopped = 0;
  for (size_t r = 0; r < free.size(); ++r)
    for (size_t s = 0; s < 2; ++s) {
      const auto& ids = stopped[r].completions[s].ids;
      const auto& all = free[r].completions[s].ids;
      const auto has_stop = [&](size_t count) {
        const std::string text =
            bench.tokenizer.decode({all.begin(), all.begin() + static_cast<int64_t>(count)}, false);
        return text.find("bba") != std::string::npos || text.find("dcd") != std::string::npos;
      };
      REQUIRE(ids.size() <= all.size());
      CHECK(std::equal(ids.begin(), ids.end(), all.begin()));
      CHECK_FALSE(has_stop(ids.size() - 1));
      CHECK(has_stop(ids.size()) == (stopped[r].completions[s].finish == FinishReason::stop));
      num_stopped += has_stop(ids.size());
    }
  CHECK(num_stopped >= 4);
}

TEST_CASE("engine: stop strings need a tokenizer, and none may be empty") {
  Bench bench;
  bench.sampling.stop = {"x"};
  check_error([&] { bench.run(false); }, "1 stop strings but no tokenizer", "sampling.stop", "give the engine");
  bench.sampling.stop = {"x", ""};
  check_error([&] { bench.run(true); }, "empty", "sampling.stop/1", "remove it");
}

TEST_CASE("engine: requests that cannot be answered are refused by their number") {
  const auto refuse = [](auto&& change, const char* what, const char* where, const char* fix) {
    Bench bench;
    change(bench.requests[2]);
    check_error([&] { bench.run(); }, what, where, fix);
  };
  refuse([](Request& r) { r.prompt.clear(); }, "the prompt is empty", "request 2", "begin the prompt");
  refuse([](Request& r) { r.num_samples = 0; }, "num_samples is 0", "request 2", "at least one");
  refuse(
      [](Request& r) {
        r.prompt = {3, 61};
      },
      "token id 61 is outside the model's vocabulary of 61", "request 2, prompt position 1", "tokenizer that belongs");
  refuse([](Request& r) { r.prompt = {-1}; }, "token id -1", "request 2, prompt position 0", "tokenizer that belongs");
  refuse([](Request& r) { r.prompt.assign(128, 1); }, "the prompt has 128 tokens and the model's context 128",
         "request 2", "shorten");
}

TEST_CASE("engine: sampling values out of range are refused by their name") {
  const auto refuse = [](auto&& change, const char* what, const char* where, const char* fix) {
    Bench bench;
    change(bench.sampling);
    check_error([&] { bench.run(); }, what, where, fix);
  };
  refuse([](SamplingConfig& s) { s.temperature = -1; }, "temperature is -1", "sampling.temperature", "at least 0");
  refuse([](SamplingConfig& s) { s.top_k = -2; }, "top_k is -2", "sampling.top_k", "at least 0");
  refuse([](SamplingConfig& s) { s.top_p = 1.5; }, "top_p is 1.5", "sampling.top_p", "between 0 and 1");
  refuse([](SamplingConfig& s) { s.min_p = -0.5; }, "min_p is -0.5", "sampling.min_p", "between 0 and 1");
  refuse([](SamplingConfig& s) { s.max_completion_length = 0; }, "max_completion_length is 0",
         "sampling.max_completion_length", "at least 1");
}

TEST_CASE("engine: a request that does not fit the cache alone is refused with the rows it needs") {
  Bench bench;
  for (auto& request : bench.requests) request.prompt = {1};
  bench.requests[2].prompt.assign(30, 1);
  bench.sampling.max_completion_length = 20;
  bench.config.kv_cache_rows = 64;
  // 2 pages for the prompt, 3 more from its partly filled one to position 49: 80 rows.
  check_error([&] { bench.run(); }, "a prompt of 30 tokens with up to 20 new ones needs 80 cache rows, a lane has 64",
              "request 2", "kv_cache_rows to at least 80");
  bench.config.kv_cache_rows = 80;
  CHECK(bench.run()[2].completions.size() == 2);
  bench.config.kv_cache_rows = 0;
  const int64_t row_bytes = model::kv_bytes_per_token(bench.model.config(), at::kFloat);
  bench.config.kv_cache_bytes = 2 * 64 * row_bytes;
  check_error([&] { bench.run(); }, "needs 80 cache rows, a lane has 64", "request 2",
              cat("kv_cache_bytes to at least ", 160 * row_bytes));
}

TEST_CASE("engine: logits that are not numbers are an error that names the request and the position") {
  Bench bench;
  bench.config.lanes = 1;
  bench.model.parameters().back().value.fill_(std::numeric_limits<float>::quiet_NaN());
  const auto where = cat("request 0, sample 0, position ", bench.requests[0].prompt.size());
  check_error([&] { bench.run(); }, "not finite", where, "NaN in the weights");
}

TEST_CASE("engine: an error in one lane ends the others and the engine stays usable") {
  Bench bench;
  LocalEngine engine(bench.model, nullptr, {}, bench.pool);
  const auto expected = engine.generate(bench.requests, bench.sampling, 3);
  CHECK_THROWS_AS(engine.generate(bench.requests, bench.sampling, 3,
                                  [](size_t, const Group&) { throw Error("callback", "test", "none"); }),
                  Error);
  const auto again = engine.generate(bench.requests, bench.sampling, 3);
  for (size_t r = 0; r < expected.size(); ++r) CHECK(again[r].completions[0].ids == expected[r].completions[0].ids);
}

TEST_CASE("engine: neither publish nor generate may be called while it is drawing") {
  Bench bench;
  LocalEngine engine(bench.model, nullptr, {.lanes = 1}, bench.pool);
  engine.publish(4);
  check_error(
      [&] { engine.generate(bench.requests, bench.sampling, 3, [&](size_t, const Group&) { engine.publish(5); }); },
      "version 5 of the weights was published while completions are drawn from version 4", "rollout engine",
      "after generate");
  check_error(
      [&] {
        engine.generate(bench.requests, bench.sampling, 3, [&](size_t, const Group&) { engine.generate({}, {}, 1); });
      },
      "called while it is running", "rollout engine", "an engine of its own");
  CHECK(engine.weight_version() == 4);
}

TEST_CASE("engine: limits and sampling load strictly from JSON") {
  EngineConfig config;
  base::load(base::Json::parse(R"({"lanes": 4, "kv_cache_rows": 4096})"), config);
  CHECK(config.lanes == 4);
  CHECK(base::visited<EngineConfig>() == base::arity<EngineConfig>());
  CHECK(base::visited<SamplingConfig>() == base::arity<SamplingConfig>());
  check_error([&] { base::load(base::Json::parse(R"({"lanes": -1})"), config); }, "-1", "/lanes", "");
}

TEST_CASE("engine: finish reasons have names") {
  CHECK(std::string(finish_reason_name(FinishReason::eos)) == "eos");
  CHECK(std::string(finish_reason_name(FinishReason::stop)) == "stop");
  CHECK(std::string(finish_reason_name(FinishReason::length)) == "length");
  CHECK(std::string(finish_reason_name(FinishReason::aborted)) == "aborted");
}

}  // namespace
}  // namespace lockstep::rollout
