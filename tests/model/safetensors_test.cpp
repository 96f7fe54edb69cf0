// SPDX-License-Identifier: Apache-2.0
// safetensors: round trips, every rule of the header, sharded folders.
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <doctest/doctest.h>

#include <filesystem>

#include "base/file.h"
#include "base/text.h"
#include "model/checkpoint_io.h"
#include "model/safetensors_header.h"
#include "tests/model/raw_safetensors.h"
#include "tests/support/errors.h"
#include "tests/support/temp_folder.h"

namespace lockstep::model {
namespace {

using test::check_error;
using test::raw_safetensors;
using test::TempFolder;

void refused(const std::string& content,
             const std::string& what,
             const std::string& where,
             const std::string& fix = "fetch or write the file again") {
  const TempFolder folder;
  const std::string file = folder.write("x.safetensors", content);
  check_error([&] { open_safetensors(file); }, what, "x.safetensors" + where, fix);
}

// A header with one f32 tensor "w" of two elements, whose entry is given.
void entry_refused(const std::string& entry,
                   const std::string& what,
                   const std::string& fix = "fetch or write the file again") {
  CAPTURE(entry);
  refused(raw_safetensors("{\"w\":" + entry + "}", std::string(8, 'x')), what, ": tensor w", fix);
}

std::vector<NamedTensor> every_dtype() {
  std::vector<NamedTensor> tensors;
  for (const at::ScalarType dtype : {at::kFloat, at::kDouble, at::kHalf, at::kBFloat16, at::kLong, at::kInt, at::kShort,
                                     at::kChar, at::kByte, at::kBool}) {
    tensors.push_back({c10::toString(dtype), at::arange(6, at::kFloat).reshape({2, 3}).to(dtype)});
  }
  tensors.push_back({"scalar", at::full({}, 2.5, at::kFloat)});
  tensors.push_back({"empty", at::zeros({0, 5}, at::kFloat)});
  tensors.push_back({"transposed", at::arange(6, at::kFloat).reshape({2, 3}).t()});
  return tensors;
}

}  // namespace

TEST_CASE("safetensors: what is written is read back, in order, for every dtype") {
  const TempFolder folder;
  const std::vector<NamedTensor> tensors = every_dtype();
  write_safetensors(folder.path("a.safetensors"), tensors, {{"step", "7"}});
  const auto source = open_safetensors(folder.path("a.safetensors"));
  REQUIRE(source->names().size() == tensors.size());
  for (size_t i = 0; i < tensors.size(); ++i) {
    const NamedTensor& expected = tensors[i];
    CAPTURE(expected.name);
    CHECK(source->names()[i] == expected.name);
    CHECK(source->has(expected.name));
    CHECK(source->shape(expected.name) == expected.tensor.sizes().vec());
    const Tensor read = source->tensor(expected.name);
    CHECK((read.scalar_type() == expected.tensor.scalar_type()));
    CHECK(at::equal(read, expected.tensor));
  }
}

TEST_CASE("safetensors: the data begin on a cache line and the metadata say what wrote them") {
  const TempFolder folder;
  const std::string file = folder.path("a.safetensors");
  for (int64_t size = 1; size < 40; ++size) {
    write_safetensors(file, {{std::string(static_cast<size_t>(size), 'w'), at::ones({size}, at::kFloat)}},
                      {{"k", "v"}});
    const std::string bytes = base::read_file(file);
    const SafetensorsHeader header =
        parse_safetensors_header({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, file);
    CHECK(header.entries[0].begin % 64 == 0);
    CHECK(header.metadata == std::map<std::string, std::string>{{"format", "pt"}, {"k", "v"}});
  }
}

TEST_CASE("safetensors: equal tensors give equal files") {
  const TempFolder folder;
  write_safetensors(folder.path("a"), every_dtype());
  write_safetensors(folder.path("b"), every_dtype());
  CHECK(base::sha256_file(folder.path("a")) == base::sha256_file(folder.path("b")));
}

TEST_CASE("safetensors: a read tensor owns its memory") {
  const TempFolder folder;
  write_safetensors(folder.path("a"), {{"w", at::ones({4}, at::kFloat)}});
  auto source = open_safetensors(folder.path("a"));
  Tensor first = source->tensor("w");
  first.fill_(3.0);
  CHECK(at::equal(source->tensor("w"), at::ones({4}, at::kFloat)));
  source.reset();
  CHECK(at::equal(first, at::full({4}, 3.0, at::kFloat)));
}

TEST_CASE("safetensors: lengths are checked before anything is allocated") {
  refused("1234", "begins with 8 bytes of length, this one has 4 bytes", ": byte 0");
  refused(test::little_endian(127, 8) + "{}", "the header claims 127 bytes, the file has 2", ": byte 0");
  refused(test::little_endian(100'000'001, 8) + "{}", "the header claims 100000001 bytes", ": byte 0");
  refused(std::string(8, '\xff') + "{}", "the header claims 18446744073709551615 bytes", ": byte 0");
}

TEST_CASE("safetensors: the header is one JSON object from its first byte") {
  refused(raw_safetensors(" {}", ""), "does not begin with \"{\"", ": byte 8");
  refused(raw_safetensors("[]", ""), "does not begin with \"{\"", ": byte 8");
  refused(raw_safetensors("", ""), "does not begin with \"{\"", ": byte 8");
  refused(raw_safetensors("{", ""), "JSON is not valid", " (header):1:", "correct");
  refused(raw_safetensors("{} {}", ""), "JSON is not valid", " (header):1:", "correct");
  refused(raw_safetensors("{\"\xff\":1}", ""), "JSON is not valid", " (header):1:", "correct");
  refused(raw_safetensors("{\"a\":[[[[[[[[[[1]]]]]]]]]]}", ""), "deeper than 8", " (header):1:", "flatten");
  refused(raw_safetensors("{\"w\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
                          "\"w\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}",
                          "x"),
          "duplicate key \"w\"", " (header):1:", "keep one");
  refused(raw_safetensors("{\"__metadata__\":{\"a\":1}}", ""), "__metadata__ is no JSON object of strings", ": byte 8");
}

TEST_CASE("safetensors: a header of more tensors than any model has is refused before its entries are read") {
  std::string header = "{\"0\":0";
  for (size_t i = 1; i <= kMaxTensors + 1; ++i) header += cat(",\"", i, "\":0");
  refused(raw_safetensors(header + "}", ""), "the header lists 1000002 tensors, the limit is 1000000", ": byte 8",
          "split the file");
}

TEST_CASE("safetensors: an entry must have a known dtype, a small shape and offsets inside the data") {
  entry_refused("7", "the entry is no JSON object");
  entry_refused("{}", "dtype (none) is not supported", "convert");
  entry_refused(R"({"dtype":"F4","shape":[2],"data_offsets":[0,8]})", "dtype F4 is not supported", "convert");
  entry_refused(R"({"dtype":"F32","data_offsets":[0,8]})", "the shape is no list of at most 16 numbers");
  entry_refused(R"({"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,2],"data_offsets":[0,8]})",
                "the shape is no list of at most 16 numbers");
  entry_refused(R"({"dtype":"F32","shape":[-2],"data_offsets":[0,8]})", "no number from 0");
  entry_refused(R"({"dtype":"F32","shape":[2.0],"data_offsets":[0,8]})", "no number from 0");
  entry_refused(R"({"dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,8]})", "no number from 0");
  entry_refused(R"({"dtype":"F32","shape":[2]})", "data_offsets is no pair");
  entry_refused(R"({"dtype":"F32","shape":[2],"data_offsets":[0,8,8]})", "data_offsets is no pair");
  entry_refused(R"({"dtype":"F32","shape":[2],"data_offsets":[-1,7]})", "data_offsets is no pair");
  entry_refused(R"({"dtype":"F32","shape":[2],"data_offsets":[0,9]})",
                "data_offsets [0, 9] are not inside the 8 bytes of data");
  entry_refused(R"({"dtype":"F32","shape":[2],"data_offsets":[8,0]})", "[8, 0] are not inside");
  entry_refused(R"({"dtype":"F32","shape":[3],"data_offsets":[0,8]})",
                "needs 3 elements of 4 bytes, data_offsets span 8 bytes");
  entry_refused(R"({"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,8]})", "data_offsets span 8 bytes");
  entry_refused(R"({"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]})", "needs 2^63 or more");
  entry_refused(R"({"dtype":"F32","shape":[0,4294967296,4294967296],"data_offsets":[0,0]})", "needs 2^63 or more");
}

TEST_CASE("safetensors: data have no hole, no overlap and nothing behind them") {
  const std::string a = R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},)";
  refused(raw_safetensors(a + R"("b":{"dtype":"U8","shape":[2],"data_offsets":[3,5]}})", "12345"), "a hole",
          ": tensor b, byte 1");
  refused(raw_safetensors(a + R"("b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})", "123"), "an overlap",
          ": tensor b, byte 1");
  refused(raw_safetensors(a + R"("b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})", "12"), "an overlap",
          ": tensor b, byte 1");
  refused(raw_safetensors(a + R"("b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}})", "123PK"),
          "2 bytes follow the data of the last tensor", ": byte ");
  refused(raw_safetensors("{}", "x"), "1 bytes follow", ": byte 10");
}

TEST_CASE("safetensors: empty tensors may share an offset, and padding may follow the JSON") {
  const TempFolder folder;
  const std::string file = folder.write(
      "x", raw_safetensors(R"({"b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"e":{"dtype":"F32","shape":[0],)"
                           R"("data_offsets":[0,0]},"f":{"dtype":"F32","shape":[3,0],"data_offsets":[2,2]}}    )",
                           "12"));
  const auto source = open_safetensors(file);
  CHECK(source->names() == std::vector<std::string>{"e", "b", "f"});
  CHECK(source->tensor("f").sizes().vec() == std::vector<int64_t>{3, 0});
}

TEST_CASE("safetensors: names without control characters, of bounded length") {
  const auto named = [](const std::string& name) {
    return raw_safetensors("{\"" + name + R"(":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", "x");
  };
  refused(named(""), "the tensor name \"\" is not allowed", "", "4096");
  refused(named("a\\u0000b"), "is not allowed", "", "4096");
  refused(named("a\\nb"), "is not allowed", "", "4096");
  refused(named(std::string(4097, 'n')), "is not allowed", "", "4096");
  const TempFolder folder;
  CHECK(open_safetensors(folder.write("x", named("../../x")))->has("../../x"));  // a name never becomes a path
}

TEST_CASE("safetensors: unaligned data are copied, a BOOL of 7 is refused with its byte") {
  const TempFolder folder;
  const auto with_bool = [](char value) {
    return raw_safetensors(R"({"b":{"dtype":"BOOL","shape":[1],"data_offsets":[0,1]},"w":{"dtype":"F32","shape":[1],)"
                           R"("data_offsets":[1,5]}})",
                           std::string(1, value) + test::little_endian(0x40200000, 4));
  };
  const auto source = open_safetensors(folder.write("x", with_bool('\1')));
  CHECK(source->tensor("w").item<float>() == 2.5f);
  CHECK(source->tensor("b").item<bool>());
  const auto bad = open_safetensors(folder.write("y", with_bool('\7')));
  check_error([&] { bad->tensor("b"); }, "a BOOL has the value 7", "y: tensor b, byte ", "0 or 1");
}

TEST_CASE("safetensors: a missing tensor and a missing file are Errors") {
  const TempFolder folder;
  write_safetensors(folder.path("a"), {{"w", at::ones({1}, at::kFloat)}});
  check_error([&] { open_safetensors(folder.path("a"))->tensor("v"); }, "there is no tensor v", "/a", "belongs");
  check_error([&] { open_safetensors(folder.path("b")); }, "cannot open file", "/b", "check the path");
  check_error([&] { open_safetensors_folder(folder.path()); }, "neither model.safetensors nor", folder.path(),
              "convert");
}

TEST_CASE("safetensors: the writer refuses what no reader would accept, and leaves no file behind") {
  const TempFolder folder;
  const Tensor one = at::ones({1}, at::kFloat);
  const std::string file = folder.path("a");
  check_error(
      [&] {
        write_safetensors(file, {{"w", one}, {"w", one}});
      },
      "two tensors have the same name", "tensor w", "own name");
  check_error([&] { write_safetensors(file, {{"a\nb", one}}); }, "is not allowed", "/a", "control");
  check_error(
      [&] {
        write_safetensors(file, {{"__metadata__", one}});
      },
      "\"__metadata__\" is not allowed", "/a", "not __metadata__");
  check_error(
      [&] {
        write_safetensors(file, {{"w", one}}, {{"k", std::string(kMaxSafetensorsHeader, 'v')}});
      },
      "the header of 1 tensors has 100000", "/a", "several files");
  check_error(
      [&] {
        write_safetensors(file, {{"c", at::ones({1}, at::kComplexDouble)}});
      },
      "cannot be stored", "tensor c", "convert");
  check_error(
      [&] {
        write_safetensors(folder.path("no/such/a"), {{"w", one}});
      },
      "cannot create file", "no/such/a", "check the path");
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("safetensors: a sharded folder reads like one file") {
  const TempFolder folder;
  write_safetensors(folder.path("s1.safetensors"),
                    {{"a", at::ones({1}, at::kFloat)}, {"x", at::ones({1}, at::kFloat)}});
  write_safetensors(folder.path("s2.safetensors"), {{"b", at::zeros({2}, at::kFloat)}});
  folder.write("model.safetensors.index.json",
               R"({"metadata":{"total_size":12},"weight_map":{"b":"s2.safetensors","a":"s1.safetensors"}})");
  const auto source = open_safetensors_folder(folder.path());
  CHECK(source->names() == std::vector<std::string>{"b", "a"});
  CHECK(source->shape("b") == std::vector<int64_t>{2});
  CHECK(at::equal(source->tensor("a"), at::ones({1}, at::kFloat)));
  CHECK_FALSE(source->has("x"));  // not listed
  check_error([&] { source->tensor("x"); }, "there is no tensor x", "model.safetensors.index.json", "belongs");
}

TEST_CASE("safetensors: the index names plain files of its own folder") {
  const TempFolder folder, outside;
  write_safetensors(folder.path("s.safetensors"), {{"a", at::ones({1}, at::kFloat)}});
  write_safetensors(outside.path("o.safetensors"), {{"a", at::ones({1}, at::kFloat)}});
  std::filesystem::create_symlink(outside.path("o.safetensors"), folder.path("link.safetensors"));
  std::filesystem::create_symlink("s.safetensors", folder.path("inner.safetensors"));
  const auto open = [&](const std::string& index) {
    folder.write("model.safetensors.index.json", index);
    return open_safetensors_folder(folder.path());
  };
  const auto open_shard = [&](const std::string& shard) { return open("{\"weight_map\":{\"a\":\"" + shard + "\"}}"); };
  for (const char* shard : {"../o.safetensors", "/etc/passwd", "a/b.safetensors", "s\\\\.safetensors", "", "..",
                            "s.bin", "a\\u0000.safetensors"}) {
    CAPTURE(shard);
    check_error([&] { open_shard(shard); }, "is no plain name of a .safetensors file", "index.json: weight_map",
                "same folder");
  }
  check_error([&] { open_shard("link.safetensors"); }, "a link to a file outside", "weight_map", "copy");
  CHECK(open_shard("inner.safetensors")->has("a"));
  check_error([&] { open_shard("missing.safetensors"); }, "cannot open file", "missing.safetensors", "check the path");
  check_error([&] { open("{\"weight_map\":{\"z\":\"s.safetensors\"}}"); },
              "places tensor z in s.safetensors, which does not hold it", "weight_map", "fetch");
  check_error([&] { open("{\"weight_map\":{\"z\":3}}"); }, "the file of tensor z is no string", "weight_map", "fetch");
  check_error([&] { open("{\"weight_map\":{}}"); }, "no weight_map", "index.json", "fetch");
  check_error([&] { open("[]"); }, "no weight_map", "index.json", "fetch");
}

TEST_CASE("safetensors: the links of a Hugging Face cache snapshot are followed into its blobs") {
  const TempFolder cache;
  std::filesystem::create_directories(cache.path("snapshots/r1"));
  std::filesystem::create_directories(cache.path("blobs"));
  write_safetensors(cache.path("blobs/0abc"), {{"a", at::ones({1}, at::kFloat)}});
  std::filesystem::create_symlink("../../blobs/0abc", cache.path("snapshots/r1/s.safetensors"));
  cache.write("snapshots/r1/model.safetensors.index.json", R"({"weight_map":{"a":"s.safetensors"}})");
  CHECK(open_safetensors_folder(cache.path("snapshots/r1"))->has("a"));
}

}  // namespace lockstep::model
