// SPDX-License-Identifier: Apache-2.0
// Bytes of numbers and lists: the layout, what is missing, lengths that lie.
#include "base/bytes.h"

#include <doctest/doctest.h>

#include <bit>
#include <limits>

#include "tests/support/errors.h"

namespace lockstep::base {
namespace {

using std::numeric_limits;

std::string bytes_of(std::initializer_list<int> values) {
  std::string bytes;
  for (const int value : values) bytes += static_cast<char>(value);
  return bytes;
}

template <class T>
void check_number(T value) {
  ByteWriter writer;
  writer.number(value);
  CHECK(writer.bytes().size() == sizeof(T));
  ByteReader reader(writer.bytes());
  const T back = reader.number<T>();
  CHECK(std::memcmp(&back, &value, sizeof(T)) == 0);
  CHECK(reader.is_whole());
  ByteReader cut(std::string_view(writer.bytes()).substr(1));
  CHECK(cut.number<T>() == T{});
  CHECK(cut.has_failed());
}

TEST_CASE("bytes: numbers are little-endian and come back with every bit") {
  ByteWriter writer;
  writer.number(uint32_t{0x01020304});
  writer.number(int16_t{-2});
  writer.text("ab");
  writer.numbers(std::vector<uint8_t>{7});
  CHECK(writer.bytes() == bytes_of({4, 3, 2, 1, 0xfe, 0xff, 2, 0, 0, 0, 'a', 'b', 1, 0, 0, 0, 7}));
  check_number(numeric_limits<uint8_t>::max());
  check_number(numeric_limits<int32_t>::min());
  check_number(numeric_limits<uint64_t>::max());
  check_number(numeric_limits<int64_t>::min());
  check_number(numeric_limits<double>::denorm_min());
  check_number(-0.0);
  check_number(-numeric_limits<float>::infinity());
  check_number(std::bit_cast<float>(0x7fc12345u));  // a NaN with a payload
}

TEST_CASE("bytes: a length above the bytes that are there fails before anything is allocated") {
  const std::string claims = bytes_of({0xff, 0xff, 0xff, 0xff, 1, 2, 3});
  constexpr size_t kAny = numeric_limits<size_t>::max();
  ByteReader text(claims), numbers(claims), count(claims);
  CHECK(text.text(kAny).capacity() < 100);
  CHECK(text.has_failed());
  CHECK(numbers.numbers<double>(kAny).capacity() == 0);
  CHECK(numbers.has_failed());
  CHECK(count.count(kAny, 1) == 0);
  CHECK(count.has_failed());
}

TEST_CASE("bytes: a list of one byte less than its count says fails, one at its maximum does not") {
  ByteWriter writer;
  writer.numbers(std::vector<int32_t>{1, -2, 3});
  const std::string_view bytes = writer.bytes();
  ByteReader whole(bytes);
  CHECK(whole.numbers<int32_t>(3) == std::vector<int32_t>{1, -2, 3});
  CHECK(whole.is_whole());
  ByteReader cut(bytes.substr(0, bytes.size() - 1));
  CHECK(cut.numbers<int32_t>(3).empty());
  CHECK(cut.has_failed());
  ByteReader bounded(bytes);
  CHECK(bounded.numbers<int32_t>(2).empty());
  CHECK(bounded.has_failed());
}

TEST_CASE("bytes: after a failure everything is empty, also what would have been there") {
  const std::string bytes = bytes_of({9, 0, 0, 0, 'a', 'b'});
  ByteReader reader(bytes);
  CHECK(reader.text(100).empty());
  CHECK(reader.number<uint8_t>() == 0);
  CHECK(reader.text(100).empty());
  CHECK_FALSE(reader.is_whole());
}

TEST_CASE("bytes: what is left over is not whole") {
  const std::string bytes = bytes_of({1, 2});
  ByteReader reader(bytes);
  CHECK(reader.number<uint8_t>() == 1);
  CHECK_FALSE(reader.has_failed());
  CHECK_FALSE(reader.is_whole());
}

TEST_CASE("bytes: a count that its field cannot hold is an Error of the sender") {
  ByteWriter writer;
  test::check_error([&] { writer.count(size_t{1} << 32); }, "4294967296 elements do not fit", "message to a peer",
                    "send less at once");
}

}  // namespace
}  // namespace lockstep::base
