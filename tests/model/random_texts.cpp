// SPDX-License-Identifier: Apache-2.0
// Draws are Philox words taken in order: counter (block, index, 0, 0), key ("lock", stream).
#include "tests/model/random_texts.h"

#include <array>

#include "base/rng.h"
#include "base/text.h"

namespace lockstep::model {

class RandomTexts::Draws {
 public:
  Draws(uint32_t stream, uint32_t index) : stream_(stream), index_(index) {}

  uint32_t below(uint64_t n) {
    if (used_ == block_.size()) {
      block_ = base::philox4x32({next_block_++, index_, 0, 0}, {0x6C6F636B, stream_});
      used_ = 0;
    }
    return static_cast<uint32_t>((block_[used_++] * n) >> 32);
  }

 private:
  uint32_t stream_, index_, next_block_ = 0;
  std::array<uint32_t, 4> block_{};
  size_t used_ = 4;
};

RandomTexts::RandomTexts(uint32_t stream)
    : stream_(stream), lists_(base::parse_json_file(fixture_folder("texts.json"))) {}

const std::string& RandomTexts::pick(Draws& draws, const char* list) const {
  const base::Json& entries = lists_[list];
  return entries[draws.below(entries.size())].get_ref<const std::string&>();
}

void RandomTexts::append_part(Draws& draws, std::string& out) const {
  const auto repeat = [&](uint32_t most, auto&& append) {
    for (uint32_t count = 1 + draws.below(most); count > 0; --count) append();
  };
  const auto append_letter = [&] {
    const base::Json& block = lists_["blocks"][draws.below(lists_["blocks"].size())];
    const auto first = block[0].get<uint32_t>(), last = block[1].get<uint32_t>();
    base::append_utf8(out, first + draws.below(last - first + uint64_t{1}));
  };
  switch (draws.below(13)) {
    case 0: out += pick(draws, "words"); break;
    case 1:
      repeat(8, [&] {
        const uint32_t letter = draws.below(52);
        out += static_cast<char>(letter < 26 ? 'a' + letter : 'A' + letter - 26);
      });
      break;
    case 2: repeat(7, [&] { out += static_cast<char>('0' + draws.below(10)); }); break;
    case 3: repeat(4, [&] { out += pick(draws, "white_space"); }); break;
    case 4: out += pick(draws, "contractions"); break;
    case 5: repeat(3, [&] { out += pick(draws, "punctuation"); }); break;
    case 6: out += pick(draws, "code"); break;
    case 7: repeat(4, append_letter); break;
    case 8: {
      const uint32_t scalar = draws.below(0x110000 - 0x800);
      base::append_utf8(out, scalar < 0xD800 ? scalar : scalar + 0x800);
      break;
    }
    case 9:
      append_letter();
      repeat(3, [&] { base::append_utf8(out, 0x300 + draws.below(0x70)); });
      break;
    case 10: out += pick(draws, "sequences"); break;
    case 11: out += pick(draws, "marked"); break;
    default: repeat(4, [&] { out += pick(draws, "numbers"); }); break;
  }
}

std::string RandomTexts::text(uint32_t index) const {
  Draws draws(stream_, index);
  std::string out;
  for (uint32_t parts = 1 + draws.below(10); parts > 0; --parts) {
    if (draws.below(2) == 0) out += ' ';
    append_part(draws, out);
  }
  return out;
}

std::string fixture_folder(std::string_view name) {
  return cat(LOCKSTEP_SOURCE_DIR, "/tests/fixtures/tokenizer/", name);
}

}  // namespace lockstep::model
