// SPDX-License-Identifier: Apache-2.0
// Where a policy comes from: a new model with a tokenizer that stays, or a folder; and what is refused.
#include "rl/policy.h"

#include <ATen/Context.h>
#include <ATen/ops/equal.h>
#include <doctest/doctest.h>

#include <filesystem>

#include "tests/rl/tiny_run.h"
#include "tests/rl/tiny_text.h"
#include "tests/support/errors.h"
#include "tests/support/temp_folder.h"

namespace lockstep::test {
namespace {

bool equal_weights(const rl::Policy& a, const rl::Policy& b) {
  const auto &x = a.transformer.parameters(), &y = b.transformer.parameters();
  for (size_t i = 0; i < x.size(); ++i)
    if (!at::equal(x[i].value, y[i].value)) return false;
  return x.size() == y.size();
}

}  // namespace

TEST_CASE("policy: a new model has its tokenizer's vocabulary, special ids and the weights of its seed") {
  const TempFolder scratch;
  auto config = tiny_run(scratch.path("run"));
  const auto policy = rl::make_policy(config, scratch.path("tokenizer"));
  const auto& c = policy.transformer.config();
  CHECK(c.vocab_size == policy.tokenizer->vocab_size());
  CHECK(c.eos_token_id == std::vector<int64_t>{*policy.tokenizer->eos_id()});
  CHECK(c.pad_token_id == *policy.tokenizer->pad_id());
  CHECK(equal_weights(policy, rl::make_policy(config, scratch.path("another_tokenizer"))));
  config.seed += 1;
  CHECK_FALSE(equal_weights(policy, rl::make_policy(config, scratch.path("tokenizer"))));
}

TEST_CASE("policy: a tokenizer that is kept already is used, whatever it would be learned from now") {
  const TempFolder scratch;
  auto config = tiny_run(scratch.path("run"));
  const auto first = rl::make_policy(config, scratch.path("tokenizer"));
  config.pretrain.reset();  // not even a text to learn it from
  const auto second = rl::make_policy(config, scratch.path("tokenizer"));
  CHECK(second.tokenizer->encode("User: 12+3=?") == first.tokenizer->encode("User: 12+3=?"));
  CHECK(equal_weights(first, second));
}

TEST_CASE("policy: a context of the run's own takes the file's place; its original length is the file's unless it says otherwise") {
  const TempFolder scratch;
  auto config = tiny_run(scratch.path("run"));
  const auto made = rl::make_policy(config, scratch.path("tokenizer"));
  const auto& m = made.transformer;
  model::save_model_folder(scratch.path("model"), m.config(), model::export_parameters(m.parameters()), made.tokenizer.get());
  config.model.path = scratch.path("model");
  const int64_t trained = m.config().max_position_embeddings;
  const auto context = [&](const base::Json& scaling, int64_t length) {
    config.model.rope_scaling = scaling;
    config.model.max_position_embeddings = length;
    return rl::make_policy(config, "").transformer.config();
  };
  const auto plain = context(base::Json::object(), 0);
  CHECK(plain.rope_scaling.rope_type == "default");
  CHECK(plain.max_position_embeddings == trained);
  const auto longer = context(base::Json::object(), 4 * trained);
  CHECK(longer.max_position_embeddings == 4 * trained);
  CHECK(longer.rope_scaling.rope_type == "default");
  const auto yarn = context({{"rope_type", "yarn"}, {"factor", 4}}, 4 * trained);
  CHECK(yarn.rope_scaling.rope_type == "yarn");
  CHECK(yarn.rope_scaling.factor == 4);
  CHECK(yarn.rope_scaling.original_max_position_embeddings == trained);
  CHECK(yarn.rope_theta == plain.rope_theta);
  CHECK(context({{"rope_type", "yarn"}, {"original_max_position_embeddings", 32}}, 128).rope_scaling.factor == 4);
  // A model that was saved with a scaling loses it.
  const auto scaled = rl::make_policy(config, "");
  model::save_model_folder(scratch.path("scaled"), scaled.transformer.config(), model::export_parameters(scaled.transformer.parameters()), scaled.tokenizer.get());
  config.model.path = scratch.path("scaled");
  CHECK(context(base::Json::object(), 0).rope_scaling.original_max_position_embeddings == 32);
  CHECK(context({{"rope_type", "default"}}, 0).rope_scaling.rope_type == "default");
  check_error([&] { context({{"rope_type", "yarm"}}, 0); }, "rope_type \"yarm\" is not supported", "/model", "default, linear, llama3 or yarn");
}

TEST_CASE("policy: a saved folder opens to the same weights and tokenizer, in either dtype") {
  const TempFolder scratch;
  auto config = tiny_run(scratch.path("run"));
  const auto made = rl::make_policy(config, scratch.path("tokenizer"));
  const auto& m = made.transformer;
  model::save_model_folder(scratch.path("model"), m.config(), model::export_parameters(m.parameters()), made.tokenizer.get());
  config.model.path = scratch.path("model");
  const auto opened = rl::make_policy(config, "");
  CHECK(equal_weights(made, opened));
  CHECK(opened.tokenizer->encode("1+1") == made.tokenizer->encode("1+1"));
  config.model.dtype = "bfloat16";
  CHECK((rl::transformer_options(config).dtype == at::kBFloat16));
  const auto half = rl::make_policy(config, "");
  for (size_t i = 0; i < m.parameters().size(); ++i) {
    const auto& p = half.transformer.parameters()[i];
    CHECK((p.value.scalar_type() == (p.is_trainable ? at::kBFloat16 : at::kFloat)));
  }
}

TEST_CASE("policy: a new model without text, a folder without tokenizer and a folder that is not there are Errors") {
  const TempFolder scratch;
  auto config = tiny_run(scratch.path("run"));
  config.pretrain.reset();
  check_error([&] { rl::make_policy(config, scratch.path("none")); }, "needs text to learn its tokenizer from", "/model/config", "add \"pretrain\"");
  config.model.path = std::string(LOCKSTEP_SOURCE_DIR) + "/tests/fixtures/models/llama";
  check_error([&] { rl::make_policy(config, ""); }, "the model has no tokenizer", config.model.path, "tokenizer.json");
  config.model.path = scratch.path("nowhere");
  CHECK(error_of([&] { rl::make_policy(config, ""); }).value().where().find("nowhere") != std::string::npos);
}

TEST_CASE("policy: a device that is not there is an Error") {
  rl::RunConfig config;
  config.device = "cuda";
  if (at::hasCUDA())
    CHECK(rl::transformer_options(config).device.is_cuda());
  else
    check_error([&] { rl::transformer_options(config); }, "there is no CUDA device", "/device", "use \"cpu\"");
}

}  // namespace lockstep::test
