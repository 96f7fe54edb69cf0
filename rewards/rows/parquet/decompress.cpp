// SPDX-License-Identifier: Apache-2.0
// Debian's libraries, called with exact sizes.
#include "rewards/rows/parquet/decompress.h"

#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include "base/text.h"

namespace lockstep::rewards::rows::parquet {
namespace {

// Bytes out per byte in, at most: snappy's copies give 64 bytes for 3; deflate 258 bytes for 2 bits; a zstd block of 4 bytes 128 KiB.
size_t largest_ratio(Codec codec) {
  return codec == Codec::snappy ? 22 : codec == Codec::gzip ? 1032 : size_t{32} << 10;
}

bool inflate_all(std::string_view bytes, std::string& out) {
  z_stream stream{};
  if (inflateInit2(&stream, 15 + 32) != Z_OK) return false;  // 32: zlib's or gzip's header
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int status = inflate(&stream, Z_FINISH);
  const bool is_whole = status == Z_STREAM_END && stream.avail_out == 0;
  inflateEnd(&stream);
  return is_whole;
}

bool is_done(Codec codec, std::string_view bytes, std::string& out) {
  switch (codec) {
    case Codec::snappy: {
      size_t size = 0;
      return snappy::GetUncompressedLength(bytes.data(), bytes.size(), &size) && size == out.size() &&
             snappy::RawUncompress(bytes.data(), bytes.size(), out.data());
    }
    case Codec::gzip:
      return inflate_all(bytes, out);
    default:
      return ZSTD_decompress(out.data(), out.size(), bytes.data(), bytes.size()) == out.size();
  }
}

}  // namespace

std::string decompress(Codec codec, std::string_view bytes, size_t size, const Place& place) {
  constexpr const char* kNames[] = {"none", "snappy", "gzip", "lzo", "brotli", "lz4", "zstd", "lz4_raw"};
  if (codec == Codec::none) {
    if (bytes.size() != size) place.fail("a page without compression has two sizes");
    return std::string(bytes);
  }
  if (codec != Codec::snappy && codec != Codec::gzip && codec != Codec::zstd) {
    place.fail_unsupported(cat("the column is compressed with ", kNames[static_cast<int>(codec)]));
  }
  if (size / largest_ratio(codec) > bytes.size()) place.fail("a page claims more bytes than its compressed form can give");
  std::string out(size, '\0');
  if (!is_done(codec, bytes, out)) place.fail(cat("a page does not decompress (", kNames[static_cast<int>(codec)], ")"));
  return out;
}

}  // namespace lockstep::rewards::rows::parquet
