// SPDX-License-Identifier: Apache-2.0
// `lockstep convert`: a model folder or GGUF file to a model folder or GGUF file.
#include <ATen/ops/_to_copy.h>

#include <filesystem>
#include <iostream>
#include <map>

#include "base/file.h"
#include "base/text.h"
#include "cli/verb.h"
#include "model/tensor_names.h"
#include "model/checkpoint_io.h"

namespace lockstep::cli {
namespace {

bool is_gguf_name(const std::string& path) { return path.ends_with(".gguf"); }

// The type as --type names it; "" keeps what the tensors have (a folder) or is bf16 (a GGUF file).
void check_type(const std::string& type, bool to_gguf, const Arguments& arguments) {
  const std::vector<std::string> known = to_gguf ? std::vector<std::string>{"", "f32", "f16", "bf16", "q8_0"}
                                                 : std::vector<std::string>{"", "f32", "f16", "bf16"};
  for (const auto& name : known)
    if (type == name) return;
  throw UsageError(cat("unknown --type ", base::printable(type), to_gguf ? " for a GGUF file" : " for a model folder"),
                   arguments.command(), to_gguf ? "use f32, f16, bf16 or q8_0" : "use f32, f16 or bf16, or write a .gguf file for q8_0");
}

std::vector<model::NamedTensor> read_tensors(const model::OpenModel& files, const std::string& type, const std::string& where) {
  const std::map<std::string, at::ScalarType> types = {{"f32", at::kFloat}, {"f16", at::kHalf}, {"bf16", at::kBFloat16}};
  model::check_tensors(files.config, *files.tensors, where);
  std::vector<model::NamedTensor> tensors;
  for (const auto& spec : model::expected_tensors(files.config)) {
    auto tensor = files.tensors->tensor(spec.name);
    if (!type.empty() && !spec.is_f32) tensor = tensor.to(types.at(type));
    tensors.push_back({spec.name, std::move(tensor)});
  }
  return tensors;
}

void write_gguf(const model::OpenModel& files, const std::string& input, const std::string& output, const std::string& type) {
  const std::map<std::string, model::GgufType> types = {{"f32", model::GgufType::f32}, {"f16", model::GgufType::f16},
                                                        {"", model::GgufType::bf16}, {"bf16", model::GgufType::bf16},
                                                        {"q8_0", model::GgufType::q8_0}};
  model::write_gguf(output, files.config, read_tensors(files, "", input), files.tokenizer.get(), types.at(type));
}

ExitCode run_convert(const Arguments& arguments) {
  const std::string input = *arguments.value("model"), output = *arguments.value("output");
  const std::string type = arguments.value_or("type", "");
  check_type(type, is_gguf_name(output), arguments);
  if (std::filesystem::exists(output))
    throw Error("the output exists already", output, "name a new file or folder, or remove the old one");
  const auto files = model::open_model(input);
  if (is_gguf_name(output))
    write_gguf(files, input, output, type);
  else
    model::save_model_folder(output, files.config, read_tensors(files, type, input), files.tokenizer.get());
  std::cout << output << "\n";
  return ExitCode::done;
}

}  // namespace

Verb convert_verb() {
  return {.name = "convert",
          .summary = "turn a model folder or GGUF file into a model folder or GGUF file",
          .usage = {.options = {{.name = "model", .value = "PATH", .meaning = "model folder or .gguf file", .is_required = true},
                                {.name = "output", .value = "PATH", .meaning = "a new .gguf file, or a new folder", .is_required = true},
                                {.name = "type", .value = "TYPE", .meaning = "f32, f16, bf16; GGUF also q8_0 (default: as stored; GGUF bf16)"}}},
          .run = run_convert};
}

}  // namespace lockstep::cli
