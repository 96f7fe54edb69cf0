// SPDX-License-Identifier: Apache-2.0
// `lockstep chat`: a conversation on the terminal.
#include <iostream>

#include "base/text.h"
#include "cli/open_policy.h"

namespace lockstep::cli {
namespace {

// The first format whose special token the tokenizer has; raw for a model without any.
std::string format_of(const model::Tokenizer& tokenizer) {
  const std::pair<const char*, const char*> marks[] = {
      {"<|im_start|>", "chatml"}, {"<|start_header_id|>", "llama3"}, {"<｜User｜>", "deepseek_r1"}};
  for (const auto& [mark, format] : marks) {
    const auto id = tokenizer.find(mark);
    if (id && tokenizer.is_special(*id)) return format;
  }
  return "raw";
}

class Chat {
 public:
  Chat(const Arguments& arguments, rollout::SamplingConfig sampling, const rl::PromptConfig& prompt, OpenPolicy& open)
      : seed_(seed_of(arguments)), sampling_(std::move(sampling)), prompt_(prompt), open_(open) {
    if (!arguments.has("format")) prompt_.format = format_of(*open.policy.tokenizer);
    stop_ids_ = model::stop_ids(*open.policy.tokenizer, prompt_.to_format());  // Error on an unknown format, before the first word
  }

  const std::string& format() const { return prompt_.format; }
  void forget() { messages_.clear(); }

  // The answer to the user's next words. Each turn has noise of its own.
  std::string answer(const std::string& words) {
    const auto& tokenizer = *open_.policy.tokenizer;
    if (prompt_.format == "raw" || prompt_.format.starts_with("r1_zero")) messages_.clear();  // no turns in these formats
    messages_.push_back({"user", words});
    const auto ids = model::prompt_ids(tokenizer, prompt_.to_format(), messages_);
    const auto groups = open_.engine.generate({{turn_++, ids, 1, stop_ids_}}, sampling_, seed_);
    const auto text = base::repair_utf8(prompt_.prefill + tokenizer.decode(groups[0].completions[0].ids, /*skip_special=*/true));
    messages_.push_back({"assistant", text});
    return text;
  }

 private:
  uint64_t seed_, turn_ = 0;
  rollout::SamplingConfig sampling_;
  rl::PromptConfig prompt_;
  OpenPolicy& open_;
  std::vector<model::TokenId> stop_ids_;
  std::vector<model::Message> messages_;
};

ExitCode run_chat(const Arguments& arguments) {
  const auto prompt = prompt_config(arguments);
  const auto sampling = sampling_config(arguments);
  OpenPolicy open(policy_config(arguments));  // after what can be wrong on the command line
  Chat chat(arguments, sampling, prompt, open);
  std::cerr << "format " << chat.format() << "; /reset forgets the conversation, /exit or end of input leaves\n";
  std::string line;
  while (std::cerr << "> " << std::flush, std::getline(std::cin, line)) {
    if (line == "/exit") break;
    if (line == "/reset") chat.forget();
    if (line.empty() || line == "/reset") continue;
    try {
      std::cout << chat.answer(line) << std::endl;
    } catch (const Error& error) {
      std::cerr << error.what() << "\n";
      chat.forget();  // as when the conversation has outgrown the context
    }
  }
  return ExitCode::done;
}

}  // namespace

Verb chat_verb() {
  auto options = policy_options();
  for (const auto& option : sampling_options()) options.push_back(option);
  return {.name = "chat",
          .summary = "talk with a model on the terminal",
          .usage = {.options = options,
                    .notes = "Without --format: chatml, llama3 or deepseek_r1 if the tokenizer has its tokens, else raw.\n"},
          .run = run_chat};
}

}  // namespace lockstep::cli
