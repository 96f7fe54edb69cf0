// SPDX-License-Identifier: Apache-2.0
// The operations of the lanes of one instruction set, one line each.
#include "tests/kernels/cpu/lanes_cases.h"

#include "kernels/cpu/lane_math.h"

namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE {
namespace {

using test::LaneCase;
using test::LaneOperands;

void put(Lanes x, uint32_t* out) {
  float t[Lanes::kCount];
  x.store(t);
  __builtin_memcpy(out, t, sizeof t);
}
void put(float x, uint32_t* out) { __builtin_memcpy(out, &x, sizeof x); }

// Sixteen results from sixteen lanes; `X` unpacks the operands.
template <class Operation>
void on_lanes(const LaneOperands& o, uint32_t* out, Operation operation) {
  put(operation(Lanes::load(o.a), Lanes::load(o.b), Lanes::load(o.c)), out);
}

void narrow(const LaneOperands& o, uint32_t* out) {
  uint16_t t[Lanes::kCount];
  Lanes::load(o.a).store_bf16(t);
  for (int i = 0; i < Lanes::kCount; ++i) out[i] = t[i];
}

// Stores of the first lanes leave what follows alone.
void narrow_first(const LaneOperands& o, uint32_t* out) {
  uint16_t t[Lanes::kCount];
  for (uint16_t& x : t) x = 0x1234;
  Lanes::load(o.a).store_first_bf16(t, o.count);
  for (int i = 0; i < Lanes::kCount; ++i) out[i] = t[i];
}
void store_first(const LaneOperands& o, uint32_t* out) {
  float t[Lanes::kCount];
  Lanes::load(o.b).store(t);
  Lanes::load(o.a).store_first(t, o.count);
  put(Lanes::load(t), out);
}

void split(const LaneOperands& o, uint32_t* out) {
  Lanes exponent, mantissa;
  split_exponent(Lanes::load(o.a), exponent, mantissa);
  put(exponent, out);
  put(mantissa, out + 16);
}
void unzip_both(const LaneOperands& o, uint32_t* out) {
  Lanes a = Lanes::load(o.a), b = Lanes::load(o.b);
  unzip(a, b, a, b);
  put(a, out);
  put(b, out + 16);
}
void zip_both(const LaneOperands& o, uint32_t* out) {
  Lanes a = Lanes::load(o.a), b = Lanes::load(o.b);
  zip(a, b, a, b);
  put(a, out);
  put(b, out + 16);
}
void sum_rows(const LaneOperands& o, uint32_t* out) {
  Lanes rows[Lanes::kCount];
  for (int i = 0; i < Lanes::kCount; ++i) rows[i] = Lanes::load(o.a + i * Lanes::kCount);
  put(sums_of(rows), out);
}
void scaled(const LaneOperands& o, uint32_t* out) {
  float n[Lanes::kCount];
  for (int i = 0; i < Lanes::kCount; ++i) n[i] = static_cast<float>(static_cast<int>(o.words[i] % 254u) - 126);
  put(scale_by_power(Lanes::load(o.a), Lanes::load(n)), out);
}
void rounded(const LaneOperands& o, uint32_t* out) {
  const Lanes limit = Lanes::broadcast(2e9f), x = Lanes::load(o.a) * Lanes::broadcast(37.5f);
  put(round(min(limit, max(Lanes::zero() - limit, x))), out);
}

void multiply_words(const LaneOperands& o, uint32_t* out) {
  Words high, low;
  multiply(Words::load(o.words), 0xd2511f53u, high, low);
  high.store(out);
  low.store(out + 16);
}
void add_words(const LaneOperands& o, uint32_t* out) { (Words::load(o.words) + Words::load(o.words + 16)).store(out); }
void xor_words(const LaneOperands& o, uint32_t* out) {
  (Words::load(o.words) ^ Words::broadcast(0x9e3779b9u)).store(out);
}
void transpose_words(const LaneOperands& o, uint32_t* out) {
  Words rows[4];
  transpose_fours(Words::load(o.words), Words::load(o.words + 16), Words::load(o.words + 32), Words::load(o.words + 48),
                  rows);
  for (int i = 0; i < 4; ++i) rows[i].store(out + 16 * i);
}

constexpr LaneCase kCases[] = {
    {"broadcast", 16, true, [](const LaneOperands& o, uint32_t* out) { put(Lanes::broadcast(o.a[3]), out); }},
    {"load_first", 16, true, [](const LaneOperands& o, uint32_t* out) { put(Lanes::load_first(o.a, o.count), out); }},
    {"load_bf16", 16, true, [](const LaneOperands& o, uint32_t* out) { put(Lanes::load_bf16(o.half), out); }},
    {"load_first_bf16", 16, true,
     [](const LaneOperands& o, uint32_t* out) { put(Lanes::load_first_bf16(o.half, o.count), out); }},
    {"store_first", 16, true, store_first},
    {"store_bf16", 16, true, narrow},
    {"store_first_bf16", 16, true, narrow_first},
    {"+", 16, false,
     [](const LaneOperands& o, uint32_t* out) { on_lanes(o, out, [](Lanes a, Lanes b, Lanes) { return a + b; }); }},
    {"-", 16, false,
     [](const LaneOperands& o, uint32_t* out) { on_lanes(o, out, [](Lanes a, Lanes b, Lanes) { return a - b; }); }},
    {"*", 16, false,
     [](const LaneOperands& o, uint32_t* out) { on_lanes(o, out, [](Lanes a, Lanes b, Lanes) { return a * b; }); }},
    {"/", 16, false,
     [](const LaneOperands& o, uint32_t* out) { on_lanes(o, out, [](Lanes a, Lanes b, Lanes) { return a / b; }); }},
    {"max", 16, true,
     [](const LaneOperands& o, uint32_t* out) { on_lanes(o, out, [](Lanes a, Lanes b, Lanes) { return max(a, b); }); }},
    {"min", 16, true,
     [](const LaneOperands& o, uint32_t* out) { on_lanes(o, out, [](Lanes a, Lanes b, Lanes) { return min(a, b); }); }},
    {"fma", 16, false,
     [](const LaneOperands& o, uint32_t* out) {
       on_lanes(o, out, [](Lanes a, Lanes b, Lanes c) { return fma(a, b, c); });
     }},
    {"sqrt", 16, false,
     [](const LaneOperands& o, uint32_t* out) { on_lanes(o, out, [](Lanes a, Lanes, Lanes) { return sqrt(a); }); }},
    {"round", 16, false, rounded},
    {"where_less", 16, true,
     [](const LaneOperands& o, uint32_t* out) {
       on_lanes(o, out, [](Lanes a, Lanes b, Lanes c) { return where_less(a, b, c, a); });
     }},
    {"select_first", 16, true,
     [](const LaneOperands& o, uint32_t* out) { put(select_first(o.count, Lanes::load(o.a), Lanes::load(o.b)), out); }},
    {"scale_by_power", 16, false, scaled},
    {"split_exponent", 32, true, split},
    {"unzip", 32, true, unzip_both},
    {"zip", 32, true, zip_both},
    {"sum", 1, false, [](const LaneOperands& o, uint32_t* out) { put(sum(Lanes::load(o.a)), out); }},
    {"max_of", 1, true, [](const LaneOperands& o, uint32_t* out) { put(max_of(Lanes::load(o.a)), out); }},
    {"sums_of", 16, false, sum_rows},
    {"Words +", 16, true, add_words},
    {"Words ^", 16, true, xor_words},
    {"multiply", 32, true, multiply_words},
    {"transpose_fours", 64, true, transpose_words},
    {"leading_bits", 16, true,
     [](const LaneOperands& o, uint32_t* out) { put(leading_bits(Words::load(o.words)), out); }},
    {"bits_as_number", 16, true,
     [](const LaneOperands& o, uint32_t* out) { put(bits_as_number(Lanes::load(o.a)), out); }},
    {"not_less", 1, true,
     [](const LaneOperands& o, uint32_t* out) { *out = not_less(Lanes::load(o.a), Lanes::load(o.b)); }},
};

void map_exp(const float* x, float* y, int64_t size) {
  for (int64_t i = 0; i < size; i += Lanes::kCount) exp(Lanes::load(x + i)).store(y + i);
}
void map_log(const float* x, float* y, int64_t size) {
  for (int64_t i = 0; i < size; i += Lanes::kCount) log(Lanes::load(x + i)).store(y + i);
}
void map_sigmoid(const float* x, float* y, int64_t size) {
  for (int64_t i = 0; i < size; i += Lanes::kCount) sigmoid(Lanes::load(x + i)).store(y + i);
}
void map_silu(const float* x, float* y, int64_t size) {
  for (int64_t i = 0; i < size; i += Lanes::kCount) silu(Lanes::load(x + i)).store(y + i);
}

}  // namespace

extern const test::LaneCases lane_cases;
const test::LaneCases lane_cases = {kCases, sizeof kCases / sizeof kCases[0], map_exp, map_log, map_sigmoid, map_silu};

}  // namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE
