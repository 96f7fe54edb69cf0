// SPDX-License-Identifier: Apache-2.0
// Philox4x32-10 and what is drawn from it; nothing here calls a libm function whose bits depend on the machine.
#include "base/rng.h"

#include <bit>
#include <cmath>

#include "base/error.h"
#include "base/log_f32.h"
#include "base/text.h"

namespace lockstep::base {
namespace {

uint32_t low_half(uint64_t x) { return static_cast<uint32_t>(x); }
uint32_t high_half(uint64_t x) { return static_cast<uint32_t>(x >> 32); }

// FNV-1a; only spreads the few purpose names, Philox does the mixing.
uint64_t hash_name(std::string_view name) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : name) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  return hash;
}

// log(x), 0 < x < 1, in f64: twice the series of artanh((m-1)/(m+1)) on m in [sqrt(1/2), sqrt(2)) plus the exponent.
double log_f64(double x) {
  int exponent = 0;
  double m = std::frexp(x, &exponent);  // exact
  if (m < 0x1.6a09e667f3bcdp-1) {
    m *= 2;
    --exponent;
  }
  const double s = (m - 1) / (m + 1), z = s * s;
  double sum = 0;
  for (int odd = 23; odd >= 3; odd -= 2) sum = (sum + 1.0 / odd) * z;
  return exponent * 0x1.62e42fefa39efp-1 + 2 * (s + s * sum);
}

}  // namespace

std::array<uint32_t, 4> philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key) {
  constexpr uint64_t kMultiplier0 = 0xd2511f53, kMultiplier1 = 0xcd9e8d57;
  constexpr uint32_t kWeyl0 = 0x9e3779b9, kWeyl1 = 0xbb67ae85;
  for (int round = 0; round < 10; ++round) {
    const uint64_t product0 = kMultiplier0 * counter[0], product1 = kMultiplier1 * counter[2];
    counter = {high_half(product1) ^ counter[1] ^ key[0], low_half(product1), high_half(product0) ^ counter[3] ^ key[1],
               low_half(product0)};
    key[0] += kWeyl0;
    key[1] += kWeyl1;
  }
  return counter;
}

uint64_t derive_key(uint64_t seed, std::string_view purpose, uint64_t a, uint64_t b) {
  const uint64_t name = hash_name(purpose);
  const auto first =
      philox4x32({low_half(name), high_half(name), low_half(a), high_half(a)}, {low_half(seed), high_half(seed)});
  const auto second = philox4x32({first[0], first[1], low_half(b), high_half(b)}, {first[2], first[3]});
  return uint64_t{second[1]} << 32 | second[0];
}

float uniform_open(uint32_t bits) {
  // The odd number 2 bits + 1 over 2^33, cut (not rounded, which could give 1) to the 24 leading bits of an f32.
  const uint64_t odd = uint64_t{bits} * 2 + 1;
  const int excess = static_cast<int>(std::bit_width(odd)) - 24;
  const uint64_t cut = excess > 0 ? odd >> excess << excess : odd;
  return static_cast<float>(cut) * 0x1p-33f;
}

float gumbel(uint32_t bits) {
  const float w = uniform_open(bits);
  const float y = 1.0f - w;
  const float lost = (1.0f - y) - w;  // exact: what the subtraction rounded away
  const float exponential = -(log_f32(y) + lost / y);
  return -log_f32(exponential);
}

uint32_t Random::bits() {
  if (left_ == 0) {
    block_ = philox4x32({low_half(counter_), high_half(counter_), 0, 0}, {low_half(key_), high_half(key_)});
    ++counter_;
    left_ = 4;
  }
  return block_[static_cast<size_t>(4 - left_--)];
}

uint64_t Random::bits64() {
  const uint64_t low = bits();
  return uint64_t{bits()} << 32 | low;
}

uint64_t Random::below(uint64_t n) {
  LOCKSTEP_CHECK(n >= 1, "below(0) has no value to draw");
  const uint64_t rejected = (uint64_t{0} - n) % n;  // 2^64 mod n: the lowest draws that would favour small results
  for (;;) {
    const uint64_t draw = bits64();
    if (draw >= rejected) return draw % n;
  }
}

int64_t Random::between(int64_t low, int64_t high) {
  LOCKSTEP_CHECK(low <= high, cat("between(", low, ", ", high, ")"));
  const uint64_t span = static_cast<uint64_t>(high) - static_cast<uint64_t>(low);
  const uint64_t offset = span == UINT64_MAX ? bits64() : below(span + 1);
  return static_cast<int64_t>(static_cast<uint64_t>(low) + offset);
}

double Random::uniform() { return static_cast<double>(bits64() >> 11) * 0x1p-53; }

double Random::normal() {
  for (;;) {
    const double u = 2 * uniform() - 1, v = 2 * uniform() - 1;
    const double square = u * u + v * v;
    if (square > 0 && square < 1) return u * std::sqrt(-2 * log_f64(square) / square);
  }
}

}  // namespace lockstep::base
