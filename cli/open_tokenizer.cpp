// SPDX-License-Identifier: Apache-2.0
// Tokenizers by path, formats by name.
#include "cli/open_tokenizer.h"

#include <algorithm>
#include <filesystem>

#include "base/text.h"
#include "model/checkpoint_io.h"

namespace lockstep::cli {

std::shared_ptr<const model::Tokenizer> open_tokenizer(const std::string& path) {
  if (!std::filesystem::is_regular_file(path)) return model::load_tokenizer(path);
  std::shared_ptr<const model::Tokenizer> tokenizer = model::open_model(path).tokenizer;
  if (tokenizer == nullptr)
    throw Error("the file holds no tokenizer", path, "give a model folder or another GGUF file");
  return tokenizer;
}

std::vector<Option> format_options() {
  const std::string names = base::join(model::prompt_format_names(), ", ");
  return {{.name = "format", .value = "NAME", .meaning = cat("prompt format: ", names, " (default raw)")},
          {.name = "system", .value = "TEXT", .meaning = "system message"},
          {.name = "prefill", .value = "TEXT", .meaning = "text that every completion begins with"}};
}

model::PromptFormat prompt_format(const Arguments& arguments) {
  model::PromptFormat format{arguments.value_or("format", "raw"), arguments.value_or("system", ""), arguments.value_or("prefill", "")};
  const auto& names = model::prompt_format_names();
  if (std::find(names.begin(), names.end(), format.name) == names.end())
    throw UsageError(cat("unknown --format ", base::printable(format.name)), arguments.command(), cat("use ", base::join(names, ", ")));
  return format;
}

}  // namespace lockstep::cli
