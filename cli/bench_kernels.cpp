// SPDX-License-Identifier: Apache-2.0
// `lockstep bench kernels`: the operations of a model's forward pass one by one, on one thread, against this machine's limits.
#include <ATen/Parallel.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>

#include <chrono>
#include <functional>
#include <iostream>
#include <limits>

#include "base/rng.h"
#include "base/text.h"
#include "cli/open_policy.h"
#include "kernels/attention.h"
#include "kernels/cpu/isa.h"
#include "kernels/cpu/peak.h"
#include "kernels/experts.h"
#include "kernels/rms_norm.h"
#include "kernels/router.h"
#include "kernels/swiglu.h"
#include "kernels/token_logprobs.h"

namespace lockstep::cli {
namespace {

using model::ModelConfig;

struct Case {
  std::string kernel, shape;
  double flops = 0, bytes = 0;  // of a call; bytes that have to come from memory
  bool is_f32 = false;          // computes at the rate of f32 whatever the storage
  std::function<void(int64_t call)> run;
};

// Seconds of a call: the fastest of `repeats` rounds of about 10 ms.
double seconds(const std::function<void(int64_t)>& run, int64_t repeats) {
  using Clock = std::chrono::steady_clock;
  int64_t call = 0;
  const auto time = [&](int64_t count) {
    const auto start = Clock::now();
    for (int64_t i = 0; i < count; ++i) run(call++);
    return std::chrono::duration<double>(Clock::now() - start).count() / static_cast<double>(count);
  };
  time(2);
  const auto count = static_cast<int64_t>(1 + 1e-2 / (time(2) + 1e-9));
  double best = std::numeric_limits<double>::infinity();
  for (int64_t i = 0; i < repeats; ++i) best = std::min(best, time(count));
  return best;
}

class Cases {
 public:
  Cases(const ModelConfig& config, at::ScalarType dtype, kernels::WeightFormat format) : config_(config), dtype_(dtype), format_(format) {}

  std::vector<Case> of(int64_t rows, int64_t context) {
    cases_.clear();
    const auto& c = config_;
    const int64_t d = c.hidden_size, heads = c.num_attention_heads;
    if (c.is_mla()) {
      const int64_t latent = c.kv_lora_rank + c.qk_rope_head_dim;
      linear("qkv_a", rows, (c.q_lora_rank ? c.q_lora_rank : heads * c.qk_head_dim()) + latent, d);
      if (c.q_lora_rank) linear("q_b", rows, heads * c.qk_head_dim(), c.q_lora_rank);
      linear("o", rows, d, heads * c.v_head_dim);
      attention(rows, context, 1, latent, c.kv_lora_rank);
    } else {
      linear("qkv", rows, (heads + 2 * c.num_key_value_heads) * c.head_dim, d);
      linear("o", rows, d, heads * c.head_dim);
      attention(rows, context, c.num_key_value_heads, c.head_dim, c.head_dim);
    }
    if (c.num_experts < 1 || c.first_k_dense_replace > 0) {
      linear("gate_up", rows, 2 * c.intermediate_size, d);
      linear("down", rows, d, c.intermediate_size);
    }
    if (c.num_experts > 0) experts(rows);
    head(rows);
    elementwise(rows);
    return std::move(cases_);
  }

 private:
  double element() const { return dtype_ == at::kFloat ? 4 : 2; }
  double weight_bytes() const { return format_ == kernels::WeightFormat::q8_0 ? 34.0 / 32 : element(); }

  Tensor values(at::IntArrayRef sizes, at::ScalarType dtype) const {
    auto out = at::zeros(sizes, dtype);
    return out.fill_(0.0625);
  }

  // As many copies as reach beyond the caches, so that a call finds its weights in memory, as a step of the engine does.
  std::vector<kernels::Weight> weights(at::IntArrayRef sizes) const {
    constexpr double kBeyondCaches = 96e6;
    const auto bytes = static_cast<double>(c10::multiply_integers(sizes)) * weight_bytes();
    std::vector<kernels::Weight> out;
    for (double held = 0; out.empty() || held < kBeyondCaches; held += bytes) {
      out.push_back({values(sizes, dtype_)});
      kernels::pack(out.back(), format_);
    }
    return out;
  }

  void linear(const std::string& name, int64_t rows, int64_t n, int64_t k) {
    const auto x = values({rows, k}, dtype_);
    auto w = std::make_shared<std::vector<kernels::Weight>>(weights({n, k}));
    const auto size = static_cast<double>(n * k);
    cases_.push_back({"linear " + name, cat(rows, " x ", n, " x ", k), 2 * static_cast<double>(rows) * size, size * weight_bytes(), false,
                      [x, w](int64_t i) { kernels::linear(x, (*w)[static_cast<size_t>(i) % w->size()]); }});
  }

  void head(int64_t rows) {
    const int64_t n = config_.vocab_size, k = config_.hidden_size;
    const auto x = values({rows, k}, dtype_);
    auto w = std::make_shared<std::vector<kernels::Weight>>(weights({n, k}));
    const auto size = static_cast<double>(n * k);
    cases_.push_back({"logits", cat(rows, " x ", n, " x ", k), 2 * static_cast<double>(rows) * size, size * weight_bytes(), false,
                      [x, w](int64_t i) { kernels::linear_logits(x, (*w)[static_cast<size_t>(i) % w->size()], 1.0); }});
  }

  // One new token of each of `rows` sequences over `context` keys of its own.
  void attention(int64_t rows, int64_t context, int64_t key_heads, int64_t key_dim, int64_t value_dim) {
    const int64_t heads = config_.num_attention_heads;
    std::vector<kernels::AttentionSpan> spans(static_cast<size_t>(rows));
    for (int64_t s = 0; s < rows; ++s) {
      auto& span = spans[static_cast<size_t>(s)];
      span.query_begin = s;
      span.num_queries = 1;
      for (int64_t t = 0; t < context; ++t) span.key_rows.push_back(s * context + t);
    }
    const auto plan = kernels::make_attention_plan(std::move(spans), at::kCPU);
    const auto q = values({rows, heads, key_dim}, dtype_), keys = values({rows * context, key_heads, key_dim}, dtype_);
    const Tensor v = config_.is_mla() ? Tensor() : values({rows * context, key_heads, value_dim}, dtype_);
    const double pairs = static_cast<double>(rows * context);
    cases_.push_back({"attention", cat(rows, " sequences of ", context, ", ", heads, "/", key_heads, " x ", key_dim),
                      2 * pairs * static_cast<double>(heads * (key_dim + value_dim)),
                      pairs * static_cast<double>(key_heads * (config_.is_mla() ? key_dim : key_dim + value_dim)) * element(), true,
                      [=](int64_t) { kernels::attention(q, keys, v, value_dim, plan, 0.125); }});
  }

  // Tokens spread evenly over the experts.
  void experts(int64_t rows) {
    const int64_t e = config_.num_experts, k = config_.num_experts_per_tok, inner = config_.moe_intermediate_size, d = config_.hidden_size;
    const auto x = values({rows, d}, dtype_);
    const auto chosen = at::arange(rows * k, at::kLong).remainder(e).view({rows, k});
    const auto weight = at::ones({rows, k}, at::kFloat);
    auto up = std::make_shared<std::vector<kernels::Weight>>(weights({e, 2 * inner, d}));
    auto down = std::make_shared<std::vector<kernels::Weight>>(weights({e, d, inner}));
    const auto one = static_cast<double>(3 * inner * d), slots = static_cast<double>(rows * k);
    cases_.push_back({"experts", cat(rows, " tokens, ", k, " of ", e, " x ", inner), 2 * slots * one,
                      std::min(slots, static_cast<double>(e)) * one * weight_bytes(), false, [=](int64_t i) {
                        const auto n = static_cast<size_t>(i);
                        kernels::routed_experts(x, chosen, weight, (*up)[n % up->size()], (*down)[n % down->size()], nullptr);
                      }});
  }

  void elementwise(int64_t rows) {
    const int64_t d = config_.hidden_size, inner = config_.intermediate_size;
    const auto x = values({rows, d}, dtype_), gate_up = values({rows, 2 * inner}, dtype_);
    const auto w = values({d}, dtype_);
    const auto size = static_cast<double>(rows * d), wide = static_cast<double>(rows * inner);
    cases_.push_back({"rms_norm", cat(rows, " x ", d), 4 * size, 2 * size * element(), true,
                      [=](int64_t) { kernels::rms_norm(x, w, 1e-6); }});
    cases_.push_back({"swiglu", cat(rows, " x ", inner), 4 * wide, 3 * wide * element(), true, [=](int64_t) { kernels::swiglu(gate_up); }});
  }

  const ModelConfig& config_;
  at::ScalarType dtype_;
  kernels::WeightFormat format_;
  std::vector<Case> cases_;
};

std::vector<int64_t> rows_of(const Arguments& arguments) {
  std::vector<int64_t> out;
  for (const auto& word : arguments.values("rows")) {
    const auto json = base::Json::parse(word, nullptr, /*allow_exceptions=*/false);
    if (!json.is_number_integer() || json.get<int64_t>() < 1 || json.get<int64_t>() > 65536)
      throw UsageError(cat("--rows is no number from 1 to 65536: ", base::printable(word)), arguments.command(), "e.g. --rows 1 --rows 64");
    out.push_back(json.get<int64_t>());
  }
  return out.empty() ? std::vector<int64_t>{1, 8, 64, 512} : out;
}

base::Json measured(const Case& c, const kernels::cpu::MachinePeak& peak, double rate, int64_t repeats) {
  const double time = seconds(c.run, repeats);
  const double bound = std::max(c.flops / (c.is_f32 ? peak.f32_flops : rate), c.bytes / peak.read_bytes);
  return {{"kernel", c.kernel}, {"shape", c.shape}, {"us", time * 1e6}, {"gflops", c.flops / time * 1e-9},
          {"gb_per_s", c.bytes / time * 1e-9}, {"roofline_share", bound / time}};
}

base::Json measure(const Arguments& arguments) {
  const auto config = policy_config(arguments);
  const auto options = rl::transformer_options(config);
  const std::string quantization = choice_or(arguments, "quantization", "none", {"none", "q8_0"});
  const auto steps = rows_of(arguments);
  const auto files = model::open_model(config.model.path);
  base::ThreadPool pool(1);
  const auto peak = kernels::cpu::measure_peak(pool);
  const double rate = options.dtype == at::kFloat ? peak.f32_flops : peak.bf16_flops;
  const int64_t repeats = arguments.integer_or("repeats", 5, 1, 1000), context = arguments.integer_or("context", 256, 1, 1 << 20);
  Cases cases(files.config, options.dtype, quantization == "q8_0" ? kernels::WeightFormat::q8_0 : kernels::WeightFormat::exact);
  base::Json rows = base::Json::array();
  for (const int64_t n : steps)
    for (const Case& c : cases.of(n, context)) rows.push_back(measured(c, peak, rate, repeats));
  return {{"dtype", config.model.dtype}, {"quantization", quantization}, {"kernels", config.kernels}, {"threads", 1},
          {"isa", std::string(kernels::cpu::isa_name(kernels::cpu::isa()))},
          {"peak_gflops_f32", peak.f32_flops * 1e-9}, {"peak_gflops_bf16", peak.bf16_flops * 1e-9},
          {"read_gb_per_s", peak.read_bytes * 1e-9}, {"cases", rows}};
}

void print_lines(const base::Json& out) {
  const auto number = [](const base::Json& row, const char* key, int digits) { return base::fixed(row.at(key).get<double>(), digits); };
  for (const auto& row : out["cases"])
    std::cout << row["kernel"].get<std::string>() << " " << row["shape"].get<std::string>() << ": " << number(row, "us", 1) << " us, "
              << number(row, "gflops", 1) << " GFLOP/s, " << number(row, "gb_per_s", 1) << " GB/s, " << number(row, "roofline_share", 2)
              << " of the roofline\n";
  std::cout << "one thread: " << number(out, "peak_gflops_bf16", 0) << " GFLOP/s bf16, " << number(out, "peak_gflops_f32", 0) << " f32, "
            << number(out, "read_gb_per_s", 1) << " GB/s read\n";
}

ExitCode run(const Arguments& arguments) {
  at::set_num_threads(1);
  const c10::InferenceMode no_gradients;
  const auto out = measure(arguments);
  if (arguments.has("json"))
    std::cout << out.dump(2) << "\n";
  else
    print_lines(out);
  return ExitCode::done;
}

}  // namespace

Verb bench_kernels_verb() {
  auto options = policy_options();
  options.push_back({.name = "rows", .value = "N", .meaning = "tokens of a step (repeatable; default 1, 8, 64, 512)", .is_repeatable = true});
  options.push_back({.name = "context", .value = "N", .meaning = "keys of each sequence (default 256)"});
  options.push_back({.name = "quantization", .value = "none|q8_0", .meaning = "format of the weights (default none)"});
  options.push_back({.name = "repeats", .value = "N", .meaning = "rounds, of which the fastest counts (default 5)"});
  options.push_back({.name = "json", .meaning = "print all figures as JSON"});
  return {.name = "bench kernels",
          .summary = "measure each operation of a model's forward pass on one thread against the roofline",
          .usage = {.options = options,
                    .notes = "Weights come from memory, activations may be in the caches: rms_norm and swiglu can exceed the\n"
                             "memory's share of the roofline.\n"},
          .run = run};
}

}  // namespace lockstep::cli
