// SPDX-License-Identifier: Apache-2.0
// The multi-token prediction module against transformers' parts put together by arXiv:2412.19437 eq. 21-23.
#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <algorithm>

#include "base/text.h"
#include "kernels/token_logprobs.h"
#include "model/transformer.h"
#include "tests/model/model_fixtures.h"

namespace lockstep {

namespace {

struct Fixture {
  model::Transformer transformer;
  std::unique_ptr<model::TensorSource> oracle;
  std::vector<model::Segment> sequences;
};

Fixture open_fixture() {
  const std::string folder = test::fixture_path("mtp");
  const model::OpenModel opened = model::open_model(folder);
  REQUIRE(opened.config.num_nextn_predict_layers == 1);
  auto oracle = model::open_safetensors(folder + "/oracle.safetensors");
  std::vector<model::Segment> sequences;
  for (int i = 0; i < 2; ++i) {
    const auto ids = oracle->tensor(cat("ids.", i));
    sequences.push_back({{ids.const_data_ptr<int64_t>(), ids.const_data_ptr<int64_t>() + ids.numel()}});
  }
  return {model::load_transformer(opened, {}), std::move(oracle), std::move(sequences)};
}

// log p(t_{i+2}) of every row that has such a token, all sequences in one batch.
Tensor mtp_logprobs(const model::Transformer& m, const std::vector<model::Segment>& sequences) {
  std::vector<int64_t> next, rows, targets;
  for (const auto& s : sequences) {
    for (size_t t = 0; t < s.ids.size(); ++t) {
      if (t + 2 < s.ids.size()) {
        rows.push_back(static_cast<int64_t>(next.size()));
        targets.push_back(s.ids[t + 2]);
      }
      next.push_back(t + 1 < s.ids.size() ? s.ids[t + 1] : 0);  // the last row's states are not used
    }
  }
  const auto batch = model::make_batch(sequences, at::kCPU);
  const auto states = m.forward_mtp(batch, m.forward(batch), at::tensor(next)).index_select(0, at::tensor(rows));
  return kernels::token_logprobs(states, m.head(), at::tensor(targets), 1.0, false).logprobs;
}

}  // namespace

TEST_CASE("mtp: log-probabilities of the token after next equal the oracle's") {
  const auto f = open_fixture();
  const auto ours = mtp_logprobs(f.transformer, f.sequences);
  const auto theirs = at::cat({f.oracle->tensor("logprobs.0"), f.oracle->tensor("logprobs.1")});
  REQUIRE(ours.sizes() == theirs.sizes());
  const double difference = (ours - theirs).abs().max().item<double>();
  CHECK(difference <= 2e-5);
  MESSAGE("mtp: max |difference of log-probs| " << difference);
}

TEST_CASE("mtp: gradients of every parameter, those of the main model included, equal the oracle's") {
  auto f = open_fixture();
  f.transformer.set_requires_grad(true);
  mtp_logprobs(f.transformer, f.sequences).sum().neg().backward();
  double worst = 0;
  for (const auto& p : f.transformer.parameters()) {
    if (!p.is_trainable) continue;
    REQUIRE(p.value.grad().defined());
    for (const auto& piece : p.pieces) {
      CAPTURE(piece.hf_name);
      REQUIRE(f.oracle->has("grad." + piece.hf_name));
      auto theirs = f.oracle->tensor("grad." + piece.hf_name);
      auto ours = piece.view(p.value.grad()).clone();
      // transformers gives the padding id's embedding no gradient (padding_idx), even where it is an ordinary token.
      if (p.name == "model.embed_tokens.weight")
        for (Tensor* side : {&ours, &theirs}) (*side)[*f.transformer.config().pad_token_id].zero_();
      const double relative = (ours - theirs).norm().item<double>() / (theirs.norm().item<double>() + 1e-6);
      CHECK(relative <= 1e-4);
      worst = std::max(worst, relative);
    }
  }
  MESSAGE("mtp: worst relative error of a gradient " << worst);
}

}  // namespace lockstep
