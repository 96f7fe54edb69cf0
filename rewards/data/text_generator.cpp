// SPDX-License-Identifier: Apache-2.0
// The two kinds of generators.
#include "rewards/data/text_generator.h"

#include <memory>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace lockstep::rewards::data {

TextGenerator generator_of(TextModel model) {
  return [model = std::move(model)](std::span<const std::string> prompts) {
    std::vector<std::string> texts = model(prompts);
    LOCKSTEP_CHECK(texts.size() == prompts.size(), cat(texts.size(), " texts for ", prompts.size(), " prompts"));
    std::vector<GeneratedText> list(prompts.size());
    for (size_t i = 0; i < texts.size(); ++i) {
      if (base::trim(texts[i]).empty()) {
        list[i].problem = "the model gave no text";
      } else {
        list[i].text = std::move(texts[i]);
      }
    }
    return list;
  };
}

TextGenerator endpoint_generator(const plugins::ChatConfig& config, const std::string& where) {
  const auto client = std::make_shared<const plugins::ChatClient>(config, where);
  return [client](std::span<const std::string> prompts) {
    std::vector<GeneratedText> list(prompts.size());
    plugins::http_each(prompts.size(), client->num_connections(), [&](size_t i) {
      plugins::ChatAnswer answer = client->ask(prompts[i]);
      if (answer.outcome.kind == plugins::HttpOutcome::Kind::accepted) {
        list[i].text = std::move(answer.text);
      } else {
        list[i].problem = std::move(answer.outcome.problem);
      }
    });
    return list;
  };
}

}  // namespace lockstep::rewards::data
