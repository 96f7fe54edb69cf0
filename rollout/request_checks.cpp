// SPDX-License-Identifier: Apache-2.0
// Refusals of generate, each with the values and what to do, and the arithmetic of cache sizes.
#include "rollout/request_checks.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/text.h"
#include "rollout/scheduler.h"

namespace lockstep::rollout {
namespace {

void check_request(const Request& request, const std::string& where, const model::ModelConfig& model) {
  if (request.prompt.empty())
    throw Error("the prompt is empty: there is nothing to predict from", where,
                "begin the prompt with a token, e.g. bos");
  if (request.num_samples < 1)
    throw Error(cat("num_samples is ", request.num_samples), where, "ask for at least one sample");
  for (size_t i = 0; i < request.prompt.size(); ++i)
    if (request.prompt[i] < 0 || request.prompt[i] >= model.vocab_size)
      throw Error(cat("token id ", request.prompt[i], " is outside the model's vocabulary of ", model.vocab_size),
                  cat(where, ", prompt position ", i), "use the tokenizer that belongs to the model");
  const auto length = static_cast<int64_t>(request.prompt.size());
  if (length >= model.max_position_embeddings)
    throw Error(cat("the prompt has ", length, " tokens and the model's context ", model.max_position_embeddings,
                    ": no room for a new token"),
                where, "shorten the prompt or drop it from the data set");
}

void check_sampling(const SamplingConfig& s, bool has_tokenizer) {
  const auto refuse = [](const auto& value, const char* name, const char* range) {
    throw Error(cat(name, " is ", value), cat("sampling.", name), cat("set it ", range));
  };
  if (!(s.temperature >= 0 && std::isfinite(s.temperature))) refuse(s.temperature, "temperature", "to at least 0");
  if (s.top_k < 0) refuse(s.top_k, "top_k", "to at least 0; 0 keeps every token");
  if (!(s.top_p >= 0 && s.top_p <= 1)) refuse(s.top_p, "top_p", "between 0 and 1; 1 keeps every token");
  if (!(s.min_p >= 0 && s.min_p <= 1)) refuse(s.min_p, "min_p", "between 0 and 1; 0 keeps every token");
  if (s.max_completion_length < 1) refuse(s.max_completion_length, "max_completion_length", "to at least 1");
  if (!s.stop.empty() && !has_tokenizer)
    throw Error(cat("there are ", s.stop.size(), " stop strings but no tokenizer to find them with"), "sampling.stop",
                "give the engine the model's tokenizer, or use stop ids");
}

int64_t pages_for(int64_t positions, int64_t page_size) { return (positions + page_size - 1) / page_size; }

// Every prompt and the longest samples that can be in the cache together.
int64_t pages_wanted(const std::vector<Share>& shares,
                     const auto& new_tokens,
                     const auto& prompt_length,
                     const EngineConfig& config) {
  int64_t prompts = 0;
  std::vector<int64_t> samples;
  for (const Share& share : shares) {
    const int64_t prompt = prompt_length(share), last = prompt + new_tokens(share) - 1;
    prompts += pages_for(prompt, config.page_size);
    samples.insert(samples.end(), static_cast<size_t>(share.end - share.begin),
                   pages_beside_prefix(config.page_size, prompt, last));
  }
  std::sort(samples.rbegin(), samples.rend());
  samples.resize(std::min(samples.size(), static_cast<size_t>(config.max_num_seqs)));
  for (const int64_t pages : samples) prompts += pages;
  return prompts;
}

}  // namespace

void check_requests(const std::vector<Request>& requests,
                    const SamplingConfig& sampling,
                    const model::ModelConfig& model,
                    bool has_tokenizer) {
  check_sampling(sampling, has_tokenizer);
  for (size_t r = 0; r < requests.size(); ++r) check_request(requests[r], cat("request ", r), model);
}

int64_t lane_pages(const std::vector<Share>& shares,
                   const std::vector<Request>& requests,
                   const SamplingConfig& sampling,
                   const model::Transformer& model,
                   const EngineConfig& config) {
  const auto prompt_length = [&](const Share& s) { return static_cast<int64_t>(requests[s.request].prompt.size()); };
  const auto new_tokens = [&](const Share& s) {
    return max_new_tokens(requests[s.request], sampling, model.config().max_position_embeddings);
  };
  const int64_t lane_bytes = config.kv_cache_bytes / config.lanes;
  const bool has_mtp = model.config().num_nextn_predict_layers > 0 && config.draft != "none" && config.draft != "lookup";
  const int64_t row_bytes = model::kv_bytes_per_token(model.config(), model.options().dtype, has_mtp);
  const bool is_given = config.kv_cache_rows > 0;
  const int64_t most = (is_given ? config.kv_cache_rows : lane_bytes / row_bytes) / config.page_size;
  for (const Share& share : shares) {
    const int64_t alone = pages_alone(config.page_size, prompt_length(share), new_tokens(share));
    if (alone <= most) continue;
    const int64_t rows = alone * config.page_size;
    throw Error(cat("a prompt of ", prompt_length(share), " tokens with up to ", new_tokens(share), " new ones needs ",
                    rows, " cache rows, a lane has ", most * config.page_size),
                cat("request ", share.request),
                is_given ? cat("set kv_cache_rows to at least ", rows, ", or lower max_completion_length")
                         : cat("set kv_cache_bytes to at least ", rows * row_bytes * config.lanes,
                               ", or lower max_completion_length"));
  }
  return is_given ? most : std::min(most, pages_wanted(shares, new_tokens, prompt_length, config));
}

}  // namespace lockstep::rollout
