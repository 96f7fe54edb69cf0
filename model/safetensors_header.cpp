// SPDX-License-Identifier: Apache-2.0
// u64 little-endian length, JSON of that length, data. Stricter than the reference where that one is lenient.
#include "model/safetensors_header.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"

namespace lockstep::model {
namespace {

using base::Json;

constexpr uint64_t kLengthBytes = 8;
const char* const kFetchAgain = "fetch or write the file again; it is damaged or made to mislead";

constexpr std::array<std::pair<std::string_view, at::ScalarType>, 15> kDtypes{{
    {"F64", at::kDouble},
    {"F32", at::kFloat},
    {"F16", at::kHalf},
    {"BF16", at::kBFloat16},
    {"F8_E4M3", at::kFloat8_e4m3fn},
    {"F8_E5M2", at::kFloat8_e5m2},
    {"I64", at::kLong},
    {"I32", at::kInt},
    {"I16", at::kShort},
    {"I8", at::kChar},
    {"U64", at::kUInt64},
    {"U32", at::kUInt32},
    {"U16", at::kUInt16},
    {"U8", at::kByte},
    {"BOOL", at::kBool},
}};

// One file being checked: keeps what every Error names.
class HeaderParser {
 public:
  HeaderParser(std::span<const uint8_t> file, const std::string& path) : file_(file), path_(path) {}
  SafetensorsHeader parse();

 private:
  Json read_json();
  SafetensorsEntry entry(const std::string& name, const Json& json) const;
  std::vector<int64_t> shape(const std::string& name, const Json& json) const;
  void offsets(const Json& json, SafetensorsEntry& entry) const;
  void check_coverage(const std::vector<SafetensorsEntry>& entries) const;
  void read_metadata(const Json& json, SafetensorsHeader& header) const;
  std::string where(const std::string& tensor) const {
    return cat(path_, ": tensor ", base::printable(tensor));
  }

  std::span<const uint8_t> file_;
  const std::string& path_;
  uint64_t data_begin_ = 0;
};

Json HeaderParser::read_json() {
  if (file_.size() < kLengthBytes) {
    throw Error(
        cat("a safetensors file begins with 8 bytes of length, this one has ", file_.size(), " bytes"),
        cat(path_, ": byte 0"), kFetchAgain);
  }
  uint64_t length = 0;
  for (size_t i = 0; i < kLengthBytes; ++i) length |= uint64_t{file_[i]} << (8 * i);
  const uint64_t rest = file_.size() - kLengthBytes;
  if (length > kMaxSafetensorsHeader || length > rest) {
    throw Error(cat("the header claims ", length, " bytes, the file has ", rest,
                    " after the length and the limit is ", kMaxSafetensorsHeader),
                cat(path_, ": byte 0"), kFetchAgain);
  }
  const std::string_view text(reinterpret_cast<const char*>(file_.data()) + kLengthBytes, length);
  if (!text.starts_with('{')) {
    throw Error("the header does not begin with \"{\"", cat(path_, ": byte ", kLengthBytes), kFetchAgain);
  }
  data_begin_ = kLengthBytes + length;
  return base::parse_json(text, cat(path_, " (header)"), {.max_depth = 8});
}

std::vector<int64_t> HeaderParser::shape(const std::string& name, const Json& json) const {
  const auto found = json.find("shape");
  if (found == json.end() || !found->is_array() || found->size() > kMaxRank) {
    throw Error(cat("the shape is no list of at most ", kMaxRank, " numbers"), where(name), kFetchAgain);
  }
  std::vector<int64_t> shape;
  for (const Json& size : *found) {
    const bool is_fine = size.is_number_unsigned() &&
                         size.get<uint64_t>() <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
    if (!is_fine) {
      throw Error("a dimension of the shape is no number from 0 to 2^63 - 1", where(name), kFetchAgain);
    }
    shape.push_back(size.get<int64_t>());
  }
  return shape;
}

void HeaderParser::offsets(const Json& json, SafetensorsEntry& entry) const {
  const auto found = json.find("data_offsets");
  const bool is_pair = found != json.end() && found->is_array() && found->size() == 2 &&
                       (*found)[0].is_number_unsigned() && (*found)[1].is_number_unsigned();
  if (!is_pair) throw Error("data_offsets is no pair of numbers from 0", where(entry.name), kFetchAgain);
  const uint64_t begin = (*found)[0].get<uint64_t>(), end = (*found)[1].get<uint64_t>();
  const uint64_t data = file_.size() - data_begin_;
  if (begin > end || end > data) {
    throw Error(cat("data_offsets [", begin, ", ", end, "] are not inside the ", data, " bytes of data"),
                where(entry.name), kFetchAgain);
  }
  entry.begin = data_begin_ + begin;
  entry.end = data_begin_ + end;
}

SafetensorsEntry HeaderParser::entry(const std::string& name, const Json& json) const {
  check_tensor_name(name, path_);
  if (!json.is_object()) throw Error("the entry is no JSON object", where(name), kFetchAgain);
  const auto type = json.find("dtype");
  const auto dtype = type != json.end() && type->is_string()
                         ? safetensors_dtype(type->get_ref<const std::string&>())
                         : std::nullopt;
  if (!dtype) {
    const std::string shown = type != json.end() && type->is_string() ? type->get<std::string>() : "(none)";
    throw Error(cat("dtype ", base::printable(shown.substr(0, 40)), " is not supported"), where(name),
                "convert the tensor to F32, BF16 or F16");
  }
  SafetensorsEntry entry{name, *dtype, shape(name, json), 0, 0};
  offsets(json, entry);
  const auto elements = checked_num_elements(entry.shape);
  const uint64_t width = c10::elementSize(*dtype), bytes = entry.end - entry.begin;
  if (!elements || *elements > std::numeric_limits<uint64_t>::max() / width || *elements * width != bytes) {
    throw Error(cat("the shape needs ", elements ? cat(*elements) : std::string("2^63 or more"),
                    " elements of ", width, " bytes, data_offsets span ", bytes, " bytes"),
                cat(where(entry.name), ", byte ", entry.begin), kFetchAgain);
  }
  return entry;
}

void HeaderParser::check_coverage(const std::vector<SafetensorsEntry>& entries) const {
  uint64_t reached = data_begin_;
  for (const SafetensorsEntry& entry : entries) {
    if (entry.begin != reached) {
      throw Error(cat("its data begin at byte ", entry.begin, ", the data before it end at byte ", reached,
                      ": ", entry.begin > reached ? "a hole" : "an overlap"),
                  cat(where(entry.name), ", byte ", entry.begin), kFetchAgain);
    }
    reached = entry.end;
  }
  if (reached != file_.size()) {
    throw Error(cat(file_.size() - reached, " bytes follow the data of the last tensor"),
                cat(path_, ": byte ", reached), kFetchAgain);
  }
}

void HeaderParser::read_metadata(const Json& json, SafetensorsHeader& header) const {
  const bool is_text_map = json.is_object() && std::all_of(json.begin(), json.end(), [](const Json& value) {
                             return value.is_string();
                           });
  if (!is_text_map) {
    throw Error("__metadata__ is no JSON object of strings", cat(path_, ": byte ", kLengthBytes),
                kFetchAgain);
  }
  for (const auto& [key, value] : json.items()) header.metadata[key] = value.get<std::string>();
}

SafetensorsHeader HeaderParser::parse() {
  const Json json = read_json();
  if (json.size() > kMaxTensors + 1) {
    throw Error(cat("the header lists ", json.size(), " tensors, the limit is ", kMaxTensors),
                cat(path_, ": byte ", kLengthBytes), "split the file");
  }
  SafetensorsHeader header;
  for (const auto& [name, value] : json.items()) {
    if (name == "__metadata__") {
      read_metadata(value, header);
    } else {
      header.entries.push_back(entry(name, value));
    }
  }
  std::stable_sort(header.entries.begin(), header.entries.end(), [](const auto& a, const auto& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  check_coverage(header.entries);
  return header;
}

}  // namespace

std::optional<at::ScalarType> safetensors_dtype(std::string_view name) {
  for (const auto& [known, dtype] : kDtypes) {
    if (known == name) return dtype;
  }
  return std::nullopt;
}

std::optional<std::string> safetensors_dtype_name(at::ScalarType dtype) {
  for (const auto& [name, known] : kDtypes) {
    if (known == dtype) return std::string(name);
  }
  return std::nullopt;
}

void check_tensor_name(const std::string& name, const std::string& where) {
  const bool has_control =
      std::any_of(name.begin(), name.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  if (name.empty() || name.size() > kMaxTensorName || has_control || name == "__metadata__") {
    throw Error(cat("the tensor name \"", base::printable(name.substr(0, 80)), "\" is not allowed"), where,
                cat("use 1 to ", kMaxTensorName, " bytes without control characters, and not __metadata__"));
  }
}

std::optional<uint64_t> checked_num_elements(const std::vector<int64_t>& shape) {
  constexpr uint64_t kLimit = uint64_t{1} << 63;
  uint64_t product = 1;
  bool is_empty = false;
  for (const int64_t size : shape) {
    if (size < 0) return std::nullopt;
    if (size == 0) {
      is_empty = true;  // the others must still fit
      continue;
    }
    if (product > (kLimit - 1) / static_cast<uint64_t>(size)) return std::nullopt;
    product *= static_cast<uint64_t>(size);
  }
  return is_empty ? 0 : product;
}

SafetensorsHeader parse_safetensors_header(std::span<const uint8_t> file, const std::string& path) {
  return HeaderParser(file, path).parse();
}

}  // namespace lockstep::model
