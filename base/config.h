// SPDX-License-Identifier: Apache-2.0
// The config visitor: a struct names its fields once, and is then loaded strictly, dumped, documented and hashed.
//
//   struct GrpoConfig {
//     int num_generations = 8;
//     std::string loss_type = "grpo";
//     void visit(auto&& field) {
//       field("num_generations", num_generations, "completions per prompt, G", at_least(2));
//       field("loss_type", loss_type, "aggregation of the loss", one_of({"grpo", "dapo"}));
//     }
//   };
//
// Field types: bool, int, int64_t, uint64_t, double, std::string, nested configs, std::vector and std::optional of these,
// std::map<std::string, double>, std::map<std::string, std::string>, and Json (kept as written). The range of a vector,
// optional or map holds for what is inside it. g++ 12 warns wrongly about `Nested nested = {};`: write `Nested nested;`,
// and C() rather than C{} where a whole config is made.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace lockstep::base {

// What a value may be; the default allows everything.
struct Range {
  std::optional<double> low = {}, high = {};  // numbers
  bool open_low = false;                      // low itself excluded
  std::vector<std::string> one_of = {};       // strings
};
Range any();
Range at_least(double low);
Range above(double low);
Range between(double low, double high);
Range one_of(std::vector<std::string> names);
std::string describe(const Range& range);  // "at least 2", "one of grpo, dapo"; "" when everything is allowed

template <class T>
concept Config = requires(T t) {
  t.visit([](auto&&...) {});
};

namespace config_detail {
template <class T>
inline constexpr bool kIsOptional = false;
template <class T>
inline constexpr bool kIsOptional<std::optional<T>> = true;
template <class T>
inline constexpr bool kIsVector = false;
template <class T>
inline constexpr bool kIsVector<std::vector<T>> = true;
}  // namespace config_detail

// One line of the reference: a field that is no nested config itself.
struct FieldDoc {
  std::string path;           // "grpo.num_generations"; "stages[].name" inside a list
  std::string type;           // "int", "list of number", "optional text"
  std::string default_value;  // as JSON
  std::string range;          // describe(range)
  std::string meaning;
};

// Applies the JSON object strictly. Keys that are absent keep the value that `config` has; lists and maps are replaced
// whole. Error (where = JSON path, as in /grpo/group_size) on an unknown key, naming the nearest one; on a wrong kind
// (1.9 or 1e3 for an int, null, a number for a nested config); on a number that the type cannot hold; and outside the
// field's range. An optional config becomes present, with its own defaults, when its key is, and absent when the key's
// value is null. After an Error the config is partly loaded: discard it.
template <Config C>
void load(const Json& json, C& config, const std::string& path = "");

// Every field in the order of `visit`, defaults included; load(dump(c)) gives c back.
template <Config C>
Json dump(const C& config);

// The documentation of every field, nested ones (also in lists and in absent optionals) included.
template <Config C>
std::vector<FieldDoc> field_docs();
template <Config C>
std::string reference();  // one line per field: path, type, default, range, meaning, in columns

// SHA-256 of the dump with keys sorted: it changes with any value, and not when fields are reordered in the source.
template <Config C>
std::string config_hash(const C& config);

// Fields that `visit` names, and members that the aggregate has: a test proves that they are equal for every config.
template <Config C>
size_t visited();
template <class C>
consteval size_t arity();

// Carries out `--set a.b.c=value` on the JSON before load. The value is parsed as JSON where it is JSON, else taken as
// a string; missing objects are created. Error on a malformed assignment, or when `a` or `a.b` is there and no object.
void apply_set(Json& json, std::string_view assignment);

}  // namespace lockstep::base

namespace lockstep {
using base::above;
using base::any;
using base::at_least;
using base::between;
using base::one_of;
}  // namespace lockstep

#include "base/config_dump.h"
#include "base/config_load.h"
