// SPDX-License-Identifier: Apache-2.0
// `lockstep tokenize`: rows of text to rows of ids, for comparing tokenizers and counting tokens.
#include <iostream>

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/open_tokenizer.h"

namespace lockstep::cli {
namespace {

using base::Json;

const std::string& text_of(const Json& row, const std::string& where) {
  const auto text = row.find("text");
  if (!row.is_object() || text == row.end() || !text->is_string()) {
    throw Error("the row has no string under \"text\"", where, "write rows like {\"text\": \"...\"}");
  }
  return text->get_ref<const std::string&>();
}

ExitCode run_tokenize(const Arguments& arguments) {
  const auto tokenizer = open_tokenizer(*arguments.value("model"));
  const std::string input = *arguments.value("input");
  const bool with_special = arguments.has("special");
  base::for_each_line(input, [&](std::string_view line, size_t number) {
    const std::string where = cat(input, ":", number);
    const Json row = base::parse_json(line, where);
    const std::string& text = text_of(row, where);
    const auto ids = with_special ? tokenizer->encode_with_special(text) : tokenizer->encode(text);
    std::cout << Json{{"ids", ids}}.dump() << "\n";
  });
  return ExitCode::done;
}

}  // namespace

Verb tokenize_verb() {
  return {
      .name = "tokenize",
      .summary = "turn rows {\"text\"} into rows {\"ids\"} on standard output",
      .usage = {.options = {{.name = "model",
                             .value = "PATH",
                             .meaning = "a model folder or a GGUF file",
                             .is_required = true},
                            {.name = "input", .value = "FILE", .meaning = "JSON lines", .is_required = true},
                            {.name = "special",
                             .meaning = "special tokens written in the text become their ids (default: plain text)"}}},
      .run = run_tokenize};
}

}  // namespace lockstep::cli
