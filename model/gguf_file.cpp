// SPDX-License-Identifier: Apache-2.0
// magic, version, counts, key-value pairs, tensor list, aligned data (ggml docs/gguf.md).
#include "model/gguf_file.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <unordered_set>

#include "base/error.h"
#include "base/text.h"

namespace lockstep::model {
namespace {

const char* const kFetchAgain = "fetch or write the file again; it is damaged or made to mislead";

// GGUF's numbers of value types.
enum ValueType : uint32_t { kU8, kI8, kU16, kI16, kU32, kI32, kF32, kBool, kString, kArray, kU64, kI64, kF64 };

size_t width_of(uint32_t type) {  // bytes; of a string, its shortest form
  switch (type) {
    case kU8:
    case kI8:
    case kBool:
      return 1;
    case kU16:
    case kI16:
      return 2;
    case kU32:
    case kI32:
    case kF32:
      return 4;
    default:
      return 8;
  }
}

class GgufParser {
 public:
  GgufParser(std::span<const uint8_t> file, const std::string& path) : file_(file), path_(path) {}
  GgufFile parse();

 private:
  // The rest is one cursor over the file; `item_` names what is being read.
  [[noreturn]] void fail(const std::string& what, const std::string& fix = kFetchAgain) const {
    throw Error(what, cat(path_, ": ", item_.empty() ? "" : item_ + ", ", "byte ", at_), fix);
  }
  void need(uint64_t bytes) const {
    if (bytes > limit_ - at_) fail(cat(bytes, " bytes are needed, ", limit_ - at_, " are left"));
  }
  template <class T>
  T read() {
    need(sizeof(T));
    T value;
    std::memcpy(&value, file_.data() + at_, sizeof value);
    at_ += sizeof value;
    return value;
  }
  std::string read_string(uint64_t max_bytes, const char* what);
  bool read_bool();
  GgufValue scalar(uint32_t type);
  GgufValue array();
  void read_metadata(uint64_t count, GgufFile& parsed);
  GgufTensor read_tensor_info();
  uint64_t tensor_bytes(const GgufTensor& tensor) const;
  uint64_t alignment(const GgufFile& parsed) const;
  void place_data(GgufFile& parsed);
  void check_overlaps(const GgufFile& parsed);

  std::span<const uint8_t> file_;
  const std::string& path_;
  uint64_t at_ = 0, limit_ = 0;
  std::string item_;
};

std::string GgufParser::read_string(uint64_t max_bytes, const char* what) {
  const auto length = read<uint64_t>();
  if (length > max_bytes) fail(cat(what, " claims ", length, " bytes, the limit is ", max_bytes));
  need(length);
  const std::string text(reinterpret_cast<const char*>(file_.data()) + at_, length);
  at_ += length;
  return text;
}

bool GgufParser::read_bool() {
  const auto value = read<uint8_t>();
  if (value > 1) fail(cat("a bool has the value ", int{value}));
  return value == 1;
}

GgufValue GgufParser::scalar(uint32_t type) {
  switch (type) {
    case kU8:
      return int64_t{read<uint8_t>()};
    case kI8:
      return int64_t{read<int8_t>()};
    case kU16:
      return int64_t{read<uint16_t>()};
    case kI16:
      return int64_t{read<int16_t>()};
    case kU32:
      return int64_t{read<uint32_t>()};
    case kI32:
      return int64_t{read<int32_t>()};
    case kI64:
      return read<int64_t>();
    case kF32:
      return double{read<float>()};
    case kF64:
      return read<double>();
    case kBool:
      return read_bool();
    case kString:
      return read_string(kGgufMaxMetadata, "a string");
    case kU64: {
      const auto value = read<uint64_t>();
      if (value <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) return static_cast<int64_t>(value);
      return static_cast<double>(value);
    }
    case kArray:
      return array();
    default:
      fail(cat("value type ", type, " is not known"));
  }
}

GgufValue GgufParser::array() {
  const auto type = read<uint32_t>();
  if (type == kArray) fail("an array of arrays is not supported", "remove the key from the file");
  if (type > kF64) fail(cat("value type ", type, " is not known"));
  const auto count = read<uint64_t>();
  if (count > (limit_ - at_) / width_of(type)) {
    fail(cat("an array claims ", count, " elements of at least ", width_of(type), " bytes, ", limit_ - at_,
             " bytes are left"));
  }
  if (type == kString) {
    std::vector<std::string> texts;
    for (uint64_t i = 0; i < count; ++i) texts.push_back(read_string(kGgufMaxMetadata, "a string"));
    return texts;
  }
  if (type == kF32 || type == kF64) {
    std::vector<double> numbers;
    for (uint64_t i = 0; i < count; ++i) numbers.push_back(std::get<double>(scalar(type)));
    return numbers;
  }
  std::vector<int64_t> numbers;
  for (uint64_t i = 0; i < count; ++i) {
    const GgufValue value = scalar(type);
    if (const bool* flag = std::get_if<bool>(&value)) {
      numbers.push_back(*flag ? 1 : 0);
    } else if (const int64_t* number = std::get_if<int64_t>(&value)) {
      numbers.push_back(*number);
    } else {
      fail("an integer of an array is above 2^63 - 1");
    }
  }
  return numbers;
}

void GgufParser::read_metadata(uint64_t count, GgufFile& parsed) {
  for (uint64_t i = 0; i < count; ++i) {
    item_ = cat("key ", i);
    const std::string key = read_string(kGgufMaxKey, "a key");
    item_ = cat("key ", base::printable(key));
    if (key.empty() || !base::is_utf8(key)) fail("a key is empty or ill-formed UTF-8");
    GgufValue value = scalar(read<uint32_t>());
    if (!parsed.metadata.emplace(key, std::move(value)).second) fail("the key appears twice");
  }
  item_.clear();
}

GgufTensor GgufParser::read_tensor_info() {
  GgufTensor tensor;
  tensor.name = read_string(4096, "a tensor name");
  item_ = cat("tensor ", base::printable(tensor.name));
  const bool has_control =
      std::any_of(tensor.name.begin(), tensor.name.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  if (tensor.name.empty() || has_control) fail("the name is empty or has control characters");
  const auto rank = read<uint32_t>();
  if (rank > kGgufMaxRank) fail(cat("the tensor has ", rank, " dimensions, the limit is ", kGgufMaxRank));
  for (uint32_t i = 0; i < rank; ++i) {
    const auto size = read<uint64_t>();
    if (size == 0 || size > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
      fail(cat("a dimension of ", size, " is not allowed"));
    }
    tensor.shape.insert(tensor.shape.begin(), static_cast<int64_t>(size));
  }
  const auto number = read<uint32_t>();
  const auto type = ggml_type(number);
  if (!type) {
    fail(cat("type ", ggml_type_name(number), " is not supported"),
         "give a file of the types F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q4_K and Q6_K");
  }
  tensor.type = *type;
  tensor.begin = read<uint64_t>();  // relative to the data until place_data
  tensor.bytes = tensor_bytes(tensor);
  return tensor;
}

uint64_t GgufParser::tensor_bytes(const GgufTensor& tensor) const {
  const GgmlLayout layout = ggml_layout(tensor.type);
  const int64_t row = tensor.shape.empty() ? 1 : tensor.shape.back();
  if (row % layout.block != 0) {
    fail(cat("rows of ", row, " elements are no whole blocks of ", layout.block, " (",
             ggml_type_name(static_cast<uint32_t>(tensor.type)), ")"));
  }
  uint64_t bytes = layout.bytes;
  std::vector<int64_t> factors = tensor.shape;
  if (!factors.empty()) factors.back() = row / layout.block;
  for (const int64_t factor : factors) {
    if (bytes > file_.size() / static_cast<uint64_t>(factor)) {
      fail(cat("the tensor claims more bytes than the ", file_.size(), " of the file"));
    }
    bytes *= static_cast<uint64_t>(factor);
  }
  return bytes;
}

uint64_t GgufParser::alignment(const GgufFile& parsed) const {
  constexpr int64_t kDefault = 32;
  const auto found = parsed.metadata.find("general.alignment");
  if (found == parsed.metadata.end()) return kDefault;
  const int64_t* value = std::get_if<int64_t>(&found->second);
  const bool is_fine = value != nullptr && *value > 0 && *value <= static_cast<int64_t>(kGgufMaxAlignment) &&
                       (*value & (*value - 1)) == 0;
  if (!is_fine) fail(cat("general.alignment is no power of two up to ", kGgufMaxAlignment));
  return static_cast<uint64_t>(*value);
}

void GgufParser::place_data(GgufFile& parsed) {
  const uint64_t step = alignment(parsed);
  const uint64_t data = (at_ + step - 1) / step * step;
  const uint64_t size = data <= file_.size() ? file_.size() - data : 0;
  for (GgufTensor& tensor : parsed.tensors) {
    item_ = cat("tensor ", base::printable(tensor.name));
    if (tensor.begin % step != 0) fail(cat("the offset ", tensor.begin, " is no multiple of ", step));
    if (tensor.begin > size || tensor.bytes > size - tensor.begin) {
      fail(cat("offset ", tensor.begin, " and ", tensor.bytes, " bytes are not inside the ", size, " bytes of data"));
    }
    tensor.begin += data;
  }
}

void GgufParser::check_overlaps(const GgufFile& parsed) {
  std::vector<const GgufTensor*> order;
  for (const GgufTensor& tensor : parsed.tensors) order.push_back(&tensor);
  std::sort(order.begin(), order.end(), [](const auto* a, const auto* b) { return a->begin < b->begin; });
  for (size_t i = 1; i < order.size(); ++i) {
    if (order[i]->begin >= order[i - 1]->begin + order[i - 1]->bytes) continue;
    item_ = cat("tensor ", base::printable(order[i]->name));
    at_ = order[i]->begin;
    fail(cat("its data overlap those of ", base::printable(order[i - 1]->name)));
  }
}

GgufFile GgufParser::parse() {
  limit_ = std::min<uint64_t>(file_.size(), kGgufMaxMetadata);
  if (file_.size() < 4 || std::memcmp(file_.data(), "GGUF", 4) != 0) {
    fail("the file does not begin with \"GGUF\"", "give a GGUF file");
  }
  at_ = 4;
  const auto version = read<uint32_t>();
  if (version != 2 && version != 3) {
    fail((version & 0xffff) == 0 ? std::string("the file is big-endian")
                                 : cat("GGUF version ", version, " is not supported"),
         "convert the file to little-endian GGUF version 3");
  }
  const auto num_tensors = read<uint64_t>(), num_keys = read<uint64_t>();
  // The shortest entries: name length, rank, type, offset; and key length, value type, one byte.
  constexpr uint64_t kShortestTensor = 8 + 4 + 4 + 8, kShortestKey = 8 + 4 + 1;
  if (num_tensors > (limit_ - at_) / kShortestTensor || num_keys > (limit_ - at_) / kShortestKey) {
    fail(cat("the file claims ", num_tensors, " tensors and ", num_keys, " keys in ", limit_ - at_, " bytes"));
  }
  GgufFile parsed;
  read_metadata(num_keys, parsed);
  std::unordered_set<std::string> names;
  for (uint64_t i = 0; i < num_tensors; ++i) {
    item_ = cat("tensor ", i);
    parsed.tensors.push_back(read_tensor_info());
    if (!names.insert(parsed.tensors.back().name).second) fail("two tensors have this name");
  }
  item_.clear();
  place_data(parsed);
  check_overlaps(parsed);
  return parsed;
}

}  // namespace

GgufFile parse_gguf(std::span<const uint8_t> file, const std::string& path) { return GgufParser(file, path).parse(); }

}  // namespace lockstep::model
