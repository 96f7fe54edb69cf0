// SPDX-License-Identifier: Apache-2.0
// Prompt formats by name: raw, r1_zero, r1_zero_v1, chatml, llama3, deepseek_r1. Ids are built per message, so that text
// from a user never becomes a token of the format.
#pragma once

#include <string>
#include <vector>

#include "model/tokenizer.h"

namespace lockstep::model {

struct Message {
  std::string role;  // system, user, assistant
  std::string content;
};

struct PromptFormat {
  std::string name = "raw";   // one of prompt_format_names()
  std::string system = "";    // optional system message put before the others
  std::string prefill = "";   // plain text put after the generation prompt, e.g. "<think>\n"
};

// raw          the contents one after another
// r1_zero      the template of DeepSeek-R1-Zero (Nature 645, 633, main text) around exactly one user message
// r1_zero_v1   the wording of the first preprint (arXiv:2501.12948v1, Table 1)
// chatml       <|im_start|>role\ncontent<|im_end|>\n   (Qwen, SmolLM2); no system message is made up
// llama3       <|start_header_id|>role<|end_header_id|>\n\ncontent<|eot_id|>, contents trimmed as Llama's own template does
// deepseek_r1  <｜User｜>content<｜Assistant｜>content<｜end▁of▁sentence｜>; past reasoning is kept
// raw and r1_zero begin with bos where the tokenizer asks for it (adds_bos), llama3 and deepseek_r1 always.
const std::vector<std::string>& prompt_format_names();

// Ids of the conversation ending where the assistant begins to write. Errors: an unknown format (the known ones are
// listed), a special token that the tokenizer lacks, a role that the format has no place for, no message at all.
std::vector<TokenId> prompt_ids(const Tokenizer& tokenizer, const PromptFormat& format, const std::vector<Message>& messages);
// Ids of a finished assistant turn (with the turn's end token), for SFT; `prompt_ids` + this is the whole row. A prefill
// that `content` begins with stands in the prompt already and is left out here.
std::vector<TokenId> completion_ids(const Tokenizer& tokenizer, const PromptFormat& format, const std::string& content);
// The ids that end an assistant turn under this format (eos, <|im_end|>, <|eot_id|>, ...).
std::vector<TokenId> stop_ids(const Tokenizer& tokenizer, const PromptFormat& format);

}  // namespace lockstep::model
