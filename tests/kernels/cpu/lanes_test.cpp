// SPDX-License-Identifier: Apache-2.0
// The lanes of every instruction set against the plain loops, operation by operation; and the plain loops against words.
#include <algorithm>

#include "kernels/cpu/math_ref.h"
#include "tests/kernels/cpu/lanes_cases.h"
#include "tests/kernels/cpu/support.h"

namespace lockstep::kernels::cpu::test {
namespace {

struct Inputs {
  std::vector<float> a, b, c;
  std::vector<uint16_t> half;
  std::vector<uint32_t> words;

  explicit Inputs(uint64_t seed)
      : a(wild_values(256, 3 * seed)), b(wild_values(256, 3 * seed + 1)), c(wild_values(256, 3 * seed + 2)) {
    base::Random random(seed, "lanes test");
    for (int i = 0; i < 16; ++i) half.push_back(static_cast<uint16_t>(random.bits()));
    for (int i = 0; i < 64; ++i) words.push_back(random.bits());
    if (seed % 4 == 0)  // zeros of both signs alone: the order of a maximum shows in the sign of its zero
      for (float& x : a) x = random.chance(0.5) ? 0.0f : -0.0f;
    if (seed % 4 == 1)
      for (float& x : a) x = std::bit_cast<float>(random.bits());
    for (size_t i = 0; i < b.size(); i += 5) b[i] = a[i];
  }
  LaneOperands operands(int count) const { return {a.data(), b.data(), c.data(), half.data(), words.data(), count}; }
};

const LaneCase& find(Isa isa, const std::string& name) {
  const LaneCases& cases = lane_cases(isa);
  return *std::find_if(cases.begin, cases.begin + cases.size, [&](const LaneCase& c) { return name == c.name; });
}

std::vector<float> floats(const LaneCase& c, const LaneOperands& operands) {
  uint32_t out[256];
  c.run(operands, out);
  std::vector<float> values;
  for (int i = 0; i < c.num_results; ++i) values.push_back(std::bit_cast<float>(out[i]));
  return values;
}

bool is_nan(uint32_t bits) { return (bits & 0x7fffffffu) > 0x7f800000u; }

}  // namespace

TEST_CASE("lanes: every operation gives the bits of the plain loops on every instruction set") {
  const FloatMode mode;
  const int num_cases = lane_cases(Isa::scalar).size;
  std::vector<std::string> wrong;
  for (uint64_t seed = 0; seed < 400; ++seed) {
    const Inputs inputs(seed);
    const LaneOperands operands = inputs.operands(static_cast<int>(seed % 17));
    for (int index = 0; index < num_cases; ++index) {
      uint32_t wanted[256], got[256];
      lane_cases(Isa::scalar).begin[index].run(operands, wanted);
      for (const Isa isa : all_isas()) {
        const LaneCase& lane_case = lane_cases(isa).begin[index];
        lane_case.run(operands, got);
        for (int i = 0; i < lane_case.num_results; ++i)
          if (got[i] != wanted[i] && (lane_case.is_exact || !is_nan(got[i]) || !is_nan(wanted[i])))
            wrong.push_back(cat(lane_case.name, " on ", isa_name(isa), ", lane ", i, ", seed ", seed));
      }
    }
  }
  INFO((wrong.empty() ? "" : wrong.front()));
  CHECK(wrong.empty());
}

TEST_CASE("lanes: sums are the butterfly of the reference kernels, bf16 rounds as they do") {
  const FloatMode mode;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const Inputs inputs(seed);
    LaneSumRef sum;
    for (int64_t i = 0; i < 16; ++i) sum.partial(i) = inputs.a[static_cast<size_t>(i)];
    CHECK(same_bits(floats(find(Isa::scalar, "sum"), inputs.operands(16))[0], sum.total()));
    uint32_t bits[256];
    find(Isa::scalar, "store_bf16").run(inputs.operands(16), bits);
    for (size_t i = 0; i < 16; ++i) CHECK(bits[i] == to_bf16_ref(inputs.a[i]));
  }
}

TEST_CASE("lanes: unzip separates even from odd places, zip joins them again, tails are filled with zeros") {
  const Inputs inputs(7);
  const auto apart = floats(find(Isa::scalar, "unzip"), inputs.operands(16));
  const auto joined = floats(find(Isa::scalar, "zip"), inputs.operands(16));
  for (size_t i = 0; i < 16; ++i) {
    const auto at = [&](size_t j) { return j < 16 ? inputs.a[j] : inputs.b[j - 16]; };
    CHECK(same_bits(apart[i], at(2 * i)));
    CHECK(same_bits(apart[16 + i], at(2 * i + 1)));
    CHECK(same_bits(joined[2 * i], inputs.a[i]));
    CHECK(same_bits(joined[2 * i + 1], inputs.b[i]));
  }
  const auto first = floats(find(Isa::scalar, "load_first"), inputs.operands(5));
  for (size_t i = 0; i < 16; ++i) CHECK(same_bits(first[i], i < 5 ? inputs.a[i] : 0.0f));
}

TEST_CASE("lanes: denormals count as zero in arithmetic, and round to a zero of their sign in bf16") {
  const FloatMode mode;
  std::vector<float> denormal(256, 1e-40f), minus(256, -1e-40f);
  const uint16_t half[16] = {};
  const uint32_t words[64] = {};
  for (const Isa isa : all_isas()) {
    const LaneOperands operands{denormal.data(), denormal.data(), denormal.data(), half, words, 16};
    CHECK(floats(find(isa, "+"), operands)[0] == 0.0f);
    CHECK(floats(find(isa, "fma"), operands)[0] == 0.0f);
    uint32_t bits[256];
    find(isa, "store_bf16").run({minus.data(), minus.data(), minus.data(), half, words, 16}, bits);
    CHECK(bits[0] == 0x8000u);
  }
}

}  // namespace lockstep::kernels::cpu::test
