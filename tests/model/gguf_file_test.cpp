// SPDX-License-Identifier: Apache-2.0
// The GGUF parser: every rule of the format, and thousands of damaged files.
#include "model/gguf_file.h"

#include <doctest/doctest.h>

#include "base/file.h"
#include "model/checkpoint_io.h"
#include "tests/model/model_fixtures.h"
#include "tests/model/mutate.h"
#include "tests/model/raw_gguf.h"
#include "tests/support/errors.h"
#include "tests/support/temp_folder.h"

namespace lockstep::model {
namespace {

using test::check_error;
using test::gguf_pair;
using test::gguf_text;
using test::little_endian;
using test::RawGguf;

GgufFile parse(const std::string& bytes) {
  return parse_gguf({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, "x.gguf");
}

void refused(const RawGguf& raw,
             const std::string& what,
             const std::string& where,
             const std::string& fix = "fetch or write the file again") {
  check_error([&] { parse(raw.bytes()); }, what, "x.gguf: " + where, fix);
}

void pair_refused(const std::string& pair, const std::string& what, const std::string& fix = "fetch or write") {
  RawGguf raw;
  raw.pairs = {pair};
  refused(raw, what, "key k", fix);
}

void tensor_refused(const test::RawGgufTensor& tensor,
                    const std::string& what,
                    const std::string& fix = "fetch or write") {
  RawGguf raw;
  raw.tensors = {tensor};
  raw.data = std::string(64, '\0');
  refused(raw, what, "tensor t, byte ", fix);
}

}  // namespace

TEST_CASE("gguf: values of every type are read") {
  RawGguf raw;
  raw.version = 2;
  raw.pairs = {gguf_pair("u8", 0, "\xff"),
               gguf_pair("i8", 1, "\xff"),
               gguf_pair("i16", 3, "\xfe\xff"),
               gguf_pair("u32", 4, little_endian(0xffffffff, 4)),
               gguf_pair("f32", 6, little_endian(0x40200000, 4)),
               gguf_pair("bool", 7, "\1"),
               gguf_pair("text", 8, gguf_text("caf\xc3\xa9")),
               gguf_pair("u64", 10, little_endian(~uint64_t{0}, 8)),
               gguf_pair("i64", 11, little_endian(~uint64_t{0}, 8)),
               gguf_pair("f64", 12, little_endian(0x3ff8000000000000, 8)),
               gguf_pair("texts", 9, little_endian(8, 4) + little_endian(2, 8) + gguf_text("a") + gguf_text("")),
               gguf_pair("flags", 9, little_endian(7, 4) + little_endian(2, 8) + std::string("\1\0", 2)),
               gguf_pair("floats", 9, little_endian(6, 4) + little_endian(1, 8) + little_endian(0x40200000, 4)),
               gguf_pair("none", 9, little_endian(8, 4) + little_endian(0, 8))};
  const GgufFile file = parse(raw.bytes());
  const auto value = [&](const char* key) { return file.metadata.at(key); };
  CHECK((value("u8") == GgufValue(int64_t{255})));
  CHECK((value("i8") == GgufValue(int64_t{-1})));
  CHECK((value("i16") == GgufValue(int64_t{-2})));
  CHECK((value("u32") == GgufValue(int64_t{0xffffffff})));
  CHECK((value("f32") == GgufValue(2.5)));
  CHECK((value("bool") == GgufValue(true)));
  CHECK((value("text") == GgufValue(std::string("caf\xc3\xa9"))));
  CHECK((value("u64") == GgufValue(18446744073709551615.0)));
  CHECK((value("i64") == GgufValue(int64_t{-1})));
  CHECK((value("f64") == GgufValue(1.5)));
  CHECK((value("texts") == GgufValue(std::vector<std::string>{"a", ""})));
  CHECK((value("flags") == GgufValue(std::vector<int64_t>{1, 0})));
  CHECK((value("floats") == GgufValue(std::vector<double>{2.5})));
  CHECK((value("none") == GgufValue(std::vector<std::string>{})));
}

TEST_CASE("gguf: magic, version and byte order") {
  refused({.magic = "GGML"}, "does not begin with \"GGUF\"", "byte 0", "give a GGUF file");
  check_error([] { parse("GG"); }, "does not begin with", "byte 0", "GGUF file");
  refused({.version = 1}, "GGUF version 1 is not supported", "byte 8", "version 3");
  refused({.version = 4}, "GGUF version 4 is not supported", "byte 8", "version 3");
  refused({.version = 3u << 24}, "big-endian", "byte 8", "little-endian");
}

TEST_CASE("gguf: counts and lengths are checked against the file before anything is allocated") {
  refused({.extra_tensors = ~uint64_t{0}}, "claims 18446744073709551615 tensors", "byte 24");
  refused({.extra_pairs = uint64_t{1} << 40}, "1099511627776 keys", "byte 24");
  pair_refused(gguf_pair("k", 8, little_endian(~uint64_t{0}, 8)), "a string claims 18446744073709551615 bytes");
  pair_refused(gguf_pair("k", 8, little_endian(100, 8)), "100 bytes are needed");
  pair_refused(gguf_pair("k", 9, little_endian(8, 4) + little_endian(uint64_t{1} << 60, 8)),
               "an array claims 1152921504606846976 elements of at least 8 bytes");
  pair_refused(gguf_pair("k", 9, little_endian(0, 4) + little_endian(1000, 8)), "an array claims 1000 elements");
  RawGguf raw;
  raw.pairs = {gguf_pair("k", 12, "")};
  const std::string cut = raw.bytes().substr(0, 24 + raw.pairs[0].size());
  check_error([&] { parse(cut); }, "8 bytes are needed, 0 are left", "key k, byte 37", "fetch or write");
  raw.pairs = {little_endian(70000, 8) + std::string(70000, 'k')};
  refused(raw, "a key claims 70000 bytes, the limit is 65535", "key 0, byte ");
}

TEST_CASE("gguf: keys and values that the format does not know") {
  pair_refused(gguf_pair("k", 13, ""), "value type 13 is not known");
  pair_refused(gguf_pair("k", 9, little_endian(13, 4) + little_endian(1, 8)), "value type 13 is not known");
  pair_refused(gguf_pair("k", 9, little_endian(9, 4) + little_endian(1, 8)), "array of arrays", "remove the key");
  pair_refused(gguf_pair("k", 9, little_endian(10, 4) + little_endian(1, 8) + std::string(8, '\xff')),
               "above 2^63 - 1");
  pair_refused(gguf_pair("k", 7, "\2"), "a bool has the value 2");
  RawGguf raw;
  raw.pairs = {test::gguf_u32_pair("k", 1), test::gguf_u32_pair("k", 2)};
  refused(raw, "the key appears twice", "key k");
  raw.pairs = {test::gguf_u32_pair("", 1)};
  refused(raw, "a key is empty", "key ");
  raw.pairs = {test::gguf_u32_pair("\xff", 1)};
  refused(raw, "a key is empty or ill-formed UTF-8", "key \xef\xbf\xbd, byte ");
}

TEST_CASE("gguf: tensors have a known type, few dimensions, whole blocks and data inside the file") {
  tensor_refused({"t", {8}, 2, 0}, "rows of 8 elements are no whole blocks of 32 (Q4_0)");
  tensor_refused({"t", {32}, 13, 0}, "type Q5_K is not supported", "F32, F16, BF16");
  tensor_refused({"t", {32}, 4000, 0}, "type number 4000 is not supported", "F32, F16, BF16");
  tensor_refused({"t", {1, 1, 1, 1, 1}, 0, 0}, "5 dimensions, the limit is 4");
  tensor_refused({"t", {0}, 0, 0}, "a dimension of 0");
  tensor_refused({"t", {uint64_t{1} << 63}, 0, 0}, "a dimension of 9223372036854775808");
  tensor_refused({"t", {uint64_t{1} << 62, 4}, 0, 0}, "claims more bytes than");
  tensor_refused({"t", {uint64_t{1} << 32, uint64_t{1} << 32, 1, 1}, 0, 0}, "claims more bytes than");
  tensor_refused({"t", {8}, 0, 8}, "the offset 8 is no multiple of 32");
  tensor_refused({"t", {17}, 0, 0}, "offset 0 and 68 bytes are not inside the 64 bytes of data");
  tensor_refused({"t", {1}, 0, uint64_t{1} << 40}, "are not inside the 64 bytes of data");
  tensor_refused({"t", {1}, 0, ~uint64_t{31}}, "are not inside the 64 bytes of data");
}

TEST_CASE("gguf: tensors do not share a name or data") {
  RawGguf raw;
  raw.tensors = {{"a", {8}, 0, 0}, {"a", {8}, 0, 32}};
  raw.data = std::string(64, '\0');
  refused(raw, "two tensors have this name", "tensor a");
  raw.tensors = {{"a", {9}, 0, 0}, {"b", {8}, 0, 32}};
  refused(raw, "its data overlap those of a", "tensor b, byte ");
  raw.tensors = {{"a\nb", {8}, 0, 0}};
  refused(raw, "has control characters", "tensor a");
  raw.tensors = {{"", {8}, 0, 0}};
  refused(raw, "the name is empty", "tensor , byte ");
  raw.tensors = {{std::string(4097, 't'), {8}, 0, 0}};
  refused(raw, "a tensor name claims 4097 bytes, the limit is 4096", "tensor 0, byte ");
}

TEST_CASE("gguf: general.alignment is a power of two and moves the data") {
  RawGguf raw;
  raw.data = std::string(128, '\0');
  for (const uint32_t bad : {0u, 24u, 1u << 20}) {
    raw.pairs = {test::gguf_u32_pair("general.alignment", bad)};
    refused(raw, "general.alignment is no power of two", "byte ");
  }
  raw.pairs = {test::gguf_text_pair("general.alignment", "x")};
  refused(raw, "general.alignment is no power of two", "byte ");
  raw.pairs = {test::gguf_u32_pair("general.alignment", 64)};
  raw.tensors = {{"a", {4}, 0, 0}};
  CHECK(parse(raw.bytes()).tensors[0].begin % 64 == 0);
}

TEST_CASE("gguf: damaged files never crash the parser, every cut is refused") {
  const std::string valid = base::read_file(test::fixture_path("gguf/types.gguf"));
  const GgufFile file = parse(valid);
  const size_t head = file.tensors.front().begin;
  // The head with short data behind it, so that offsets matter.
  const std::string cut = valid.substr(0, head + 4096);
  base::Random random(0, "gguf mutations");
  int num_read = 0, num_refused = 0;
  for (int round = 0; round < 6000; ++round) {
    const std::string mutant = test::mutate(round % 2 == 0 ? valid.substr(0, head) + valid.substr(head) : cut, random);
    try {
      for (const GgufTensor& tensor : parse(mutant).tensors) {
        REQUIRE(tensor.begin + tensor.bytes <= mutant.size());
      }
      ++num_read;
    } catch (const Error& error) {
      REQUIRE(error.where().find("x.gguf") == 0);
      ++num_refused;
    }
  }
  CHECK(num_read > 100);
  CHECK(num_refused > 1000);
  for (size_t size = 0; size < head + 64; size += 3) CHECK_THROWS_AS(parse(valid.substr(0, size)), Error);
}

TEST_CASE("gguf: damaged files never crash the loader, tensors keep the sizes of the config") {
  const std::string valid = base::read_file(test::fixture_path("gguf/types.gguf"));
  const size_t head = parse(valid).tensors.front().begin;
  const test::TempFolder folder;
  base::Random random(1, "gguf mutations");
  int num_read = 0;
  for (int round = 0; round < 300; ++round) {
    const std::string mutant =
        round % 2 == 0 ? test::mutate(valid, random) : test::mutate(valid.substr(0, head), random) + valid.substr(head);
    folder.write("m.gguf", mutant);
    try {
      const OpenModel opened = open_model(folder.path("m.gguf"));
      for (const std::string& name : opened.tensors->names()) {
        REQUIRE(opened.tensors->tensor(name).sizes().vec() == opened.tensors->shape(name));
      }
      ++num_read;
    } catch (const Error& error) {
      REQUIRE_FALSE(error.where().empty());
    }
  }
  CHECK(num_read > 20);  // mostly flips inside the data
}

}  // namespace lockstep::model
