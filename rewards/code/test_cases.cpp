// SPDX-License-Identifier: Apache-2.0
// Reading tests of APPS, TACO, LiveCodeBench, verl and their relatives.
#include "rewards/code/test_cases.h"

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace lockstep::rewards::code {
namespace {

using Kind = Value::Kind;

const Value* find(const Value& object, std::string_view key) {
  if (object.kind != Kind::object) return nullptr;
  for (const auto& [name, value] : object.members) {
    if (name == key) return &value;
  }
  return nullptr;
}

// The first of `keys` whose value is a text that is not empty.
std::string text_of(const Value& object, std::initializer_list<std::string_view> keys) {
  for (std::string_view key : keys) {
    const Value* value = find(object, key);
    if (value != nullptr && value->kind == Kind::text && !value->text.empty()) return value->text;
  }
  return {};
}

// Text of JSON becomes what it says; any other value stays.
std::optional<Value> opened(const Value& value) {
  return value.kind == Kind::text ? parse_value(value.text) : std::optional(value);
}

std::optional<std::string> stream_text(const Value& value) {
  switch (value.kind) {
    case Kind::text:
      return value.text;
    case Kind::integer:
    case Kind::real:
      return to_text(value);
    case Kind::list:
      break;
    default:
      return std::nullopt;
  }
  std::vector<std::string> lines;
  for (const Value& item : value.items) {
    const auto line = item.kind == Kind::list ? std::nullopt : stream_text(item);
    if (!line) return std::nullopt;
    lines.push_back(*line);
  }
  return base::join(lines, "\n");
}

// A list of arguments, or text with one JSON value a line.
std::optional<Value> arguments_of(const Value& input) {
  if (input.kind == Kind::list) return input;
  Value arguments{.kind = Kind::list};
  if (input.kind != Kind::text) return std::nullopt;
  for (const std::string& line : base::split(input.text, '\n')) {
    if (base::trim(line).empty()) continue;
    auto argument = parse_value(line);
    if (!argument) return std::nullopt;
    arguments.items.push_back(*std::move(argument));
  }
  return arguments;
}

class RowReader {
 public:
  explicit RowReader(const base::Json& row) : row_(row) {}

  // Adds the tests of one column; false after a problem.
  bool read(const Value& tests) {
    if (tests.kind == Kind::list) return read_list(tests, row_function());
    for (const char* key : {"test_cases", "tests"}) {
      if (const Value* inner = find(tests, key)) return read_list(*inner, text_of(tests, {"fn_name"}));
    }
    const Value *inputs = find(tests, "inputs"), *outputs = find(tests, "outputs");
    if (inputs == nullptr || outputs == nullptr)
      return fail("they have neither inputs and outputs nor a list of tests");
    return read_pairs(*inputs, *outputs, text_of(tests, {"fn_name"}));
  }
  bool fail(std::string problem) {
    set_ = {.cases = {}, .problem = std::move(problem)};
    return false;
  }
  TestSet take() { return std::move(set_); }

 private:
  bool read_pairs(const Value& inputs, const Value& outputs, const std::string& function) {
    if (inputs.kind != Kind::list || outputs.kind != Kind::list) return fail("inputs or outputs is no list");
    if (inputs.items.size() != outputs.items.size()) {
      return fail(cat(inputs.items.size(), " inputs, but ", outputs.items.size(), " outputs"));
    }
    for (size_t i = 0; i < inputs.items.size(); ++i) {
      const Value &input = inputs.items[i], &output = outputs.items[i];
      if (!(function.empty() ? add_stream(input, output) : add_call(input, output, function, true))) return false;
    }
    return true;
  }

  bool read_list(const Value& tests, const std::string& set_function) {
    if (tests.kind != Kind::list) return fail("the tests are no list");
    for (const Value& test : tests.items) {
      const Value *input = find(test, "input"), *output = find(test, "output");
      if (input == nullptr || output == nullptr) return fail(cat("test ", number(), " has no input or no output"));
      std::string function = text_of(test, {"fn_name", "function", "func_name"});
      if (const Value* metadata = find(test, "metadata"); function.empty() && metadata != nullptr) {
        function = text_of(*metadata, {"func_name"});
      }
      const std::string type = text_of(test, {"testtype", "type"});
      const bool is_named_call = type == "functional" || type == "function_call" || type == "function";
      if (type.empty() ? function.empty() : !is_named_call) {
        if (!add_stream(*input, *output)) return false;
        continue;
      }
      if (function.empty()) function = set_function;
      if (function.empty()) return fail(cat("test ", number(), " calls a function without a name"));
      const auto result = opened(*output);
      if (!result) return fail(cat("the output of test ", number(), " is no JSON"));
      const bool is_text = input->kind == Kind::text;
      if (!add_call(*input, is_text ? *result : *output, function, !is_text)) return false;
    }
    return true;
  }

  bool add_stream(const Value& input, const Value& output) {
    auto read = stream_text(input), printed = stream_text(output);
    if (!read || !printed) return fail(cat("test ", number(), " has an input or output that is no text"));
    set_.cases.push_back({.input = *std::move(read), .output = *std::move(printed)});
    return true;
  }

  bool add_call(const Value& input, const Value& output, const std::string& function, bool may_be_wrapped) {
    auto arguments = arguments_of(input);
    if (!arguments) return fail(cat("the arguments of test ", number(), " are no list and no lines of JSON"));
    Value call{.kind = Kind::object};
    call.members.emplace_back("arguments", *std::move(arguments));
    call.members.emplace_back("function", Value{.kind = Kind::text, .text = function});
    set_.cases.push_back({.is_call = true, .input = to_text(call), .result = output, .may_be_wrapped = may_be_wrapped});
    return true;
  }

  // LiveCodeBench keeps {"func_name": ...} in the row's column `metadata`, as text.
  std::string row_function() const {
    const Value row = to_value(row_);
    if (const std::string name = text_of(row, {"fn_name", "func_name"}); !name.empty()) return name;
    const Value* metadata = find(row, "metadata");
    const auto content = metadata == nullptr ? std::nullopt : opened(*metadata);
    return content ? text_of(*content, {"func_name", "fn_name"}) : std::string();
  }

  size_t number() const { return set_.cases.size() + 1; }

  const base::Json& row_;
  TestSet set_;
};

// The columns that hold the tests: one, or LiveCodeBench's two.
std::vector<std::string> columns_of(const base::Json& row, const std::string& column) {
  if (!column.empty()) return {column};
  for (const char* name :
       {"input_output", "test_cases", "tests", "public_test_cases", "private_test_cases", "answer"}) {
    if (!row.contains(name) || row[name].is_null()) continue;
    if (name == std::string_view("public_test_cases") && row.contains("private_test_cases")) {
      return {name, "private_test_cases"};
    }
    return {name};
  }
  return {};
}

}  // namespace

TestSet tests_of_row(const base::Json& row, const std::string& column) {
  RowReader reader(row);
  const auto give_up = [&](const std::string& problem) {
    reader.fail(problem);
    return reader.take();
  };
  const std::vector<std::string> columns = columns_of(row, column);
  if (columns.empty()) return give_up("the row has no column with tests");
  for (const std::string& name : columns) {
    const auto found = row.find(name);
    if (found == row.end()) return give_up(cat("the row has no column \"", name, "\""));
    const auto tests = opened(to_value(*found));
    if (!tests) return give_up(cat("the column \"", name, "\" is no JSON; pickled tests must be converted"));
    if (!reader.read(*tests)) {
      TestSet failed = reader.take();
      failed.problem = cat("column \"", name, "\": ", failed.problem);
      return failed;
    }
  }
  TestSet set = reader.take();
  if (set.cases.empty()) set.problem = "the row has no tests";
  return set;
}

}  // namespace lockstep::rewards::code
