// SPDX-License-Identifier: Apache-2.0
// Rewriting rows.
#include "rl/pipeline/rewrite_stage.h"

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "model/chat_template.h"
#include "rewards/data/rewrite.h"

namespace lockstep::rl::pipeline {
namespace {

// Requests are numbered through, so that the noise of one does not depend on how many are asked at a time.
rewards::data::TextModel text_model(OpenModel& open, const RewriteStage& config) {
  return [&open, &config, asked = uint64_t{0}](std::span<const std::string> prompts) mutable {
    const auto& tokenizer = *open.policy.tokenizer;
    const auto format = config.prompt.to_format();
    std::vector<rollout::Request> requests;
    for (const auto& prompt : prompts)
      requests.push_back({asked++, model::prompt_ids(tokenizer, format, {{"user", prompt}}), 1, model::stop_ids(tokenizer, format)});
    std::vector<std::string> texts;
    for (const auto& group : open.engine.generate(requests, config.sampling, config.seed))
      texts.push_back(base::repair_utf8(cat(config.prompt.prefill, tokenizer.decode(group.completions.front().ids, /*skip_special=*/true))));
    return texts;
  };
}

}  // namespace

void check_rewrite(const RewriteStage& config, const std::string& path) {
  if (config.inputs.empty()) throw Error("no inputs", path + "/inputs", "name files of rows, or \"@STAGE\"");
  if (config.rules.method == "model" && config.model.path.empty())
    throw Error("the method is \"model\", and there is none", path + "/model/path", "name a folder, or \"@STAGE\"");
}

WorkEnd run_rewrite(const RewriteStage& config, const std::string& folder) {
  std::optional<OpenModel> open;
  rewards::data::TextModel model;
  if (config.rules.method == "model") model = text_model(open.emplace(config.model), config);
  const auto report = rewards::data::rewrite(config.inputs, folder + "/rows.jsonl", config.rules, model);
  base::write_file_atomic(folder + "/report.json", cat(report.json().dump(2), "\n"));
  base::log_info(report.text());
  return WorkEnd::done;
}

}  // namespace lockstep::rl::pipeline
