// SPDX-License-Identifier: Apache-2.0
// exp, log, sine, cosine and arc tangent of balls: argument reduction, then a Taylor series with its remainder bounded.
#include <cmath>

#include "rewards/math/ball.h"

namespace lockstep::rewards::math {
namespace {

// Results are good to about this many bits below 1; the rest of the 256 covers rounding.
constexpr int64_t kSeriesBits = 264;
constexpr uint64_t kMaxTerms = 200;
// Reduced arguments are at most 2^-kHalvings; squaring back costs about as many bits.
constexpr int kHalvings = 8;

Ball small_integer(int64_t value) { return Ball::from_integer(value); }

bool is_negligible(const Ball& term) { return upper_bound(term) < Radius{0.5, -kSeriesBits}; }

// Terms fall at least geometrically with ratio 1/2: what is left out is below twice the last term.
Ball with_remainder(const Ball& sum, const Ball& last) { return widened(sum, upper_bound(scaled(last, 1))); }

// arctan(1 / n) for n >= 2.
Ball arctan_inverse(uint64_t n) {
  Ball power = divide(small_integer(1), n), sum = power, term = power;
  for (uint64_t k = 1; k < kMaxTerms && !is_negligible(term); ++k) {
    power = -divide(divide(power, n), n);
    term = divide(power, 2 * k + 1);
    sum = sum + term;
  }
  return with_remainder(sum, term);
}

Ball compute_pi() {  // Machin: pi / 4 = 4 arctan(1/5) - arctan(1/239)
  return scaled(scaled(arctan_inverse(5), 2) - arctan_inverse(239), 2);
}

Ball compute_log_2() {  // log 2 = 2 artanh(1/3) = 2 sum 1 / ((2k + 1) 3^(2k + 1))
  Ball power = divide(small_integer(1), 3), sum = power, term = power;
  for (uint64_t k = 1; k < kMaxTerms && !is_negligible(term); ++k) {
    power = divide(power, 9);
    term = divide(power, 2 * k + 1);
    sum = sum + term;
  }
  return scaled(with_remainder(sum, term), 1);
}

// The integer nearest to the midpoint of a / unit; nothing when it is out of reach of the precision.
std::optional<int64_t> nearest_multiple(const Ball& a, const Ball& unit) {
  const MaybeBall quotient = divide(a, unit);
  if (!quotient || std::fabs(quotient->mid.to_double()) > 0x1p50) return std::nullopt;
  return static_cast<int64_t>(std::llround(quotient->mid.to_double()));
}

bool is_wide(const Ball& a) { return Radius{0.5, -8} < a.rad; }

// exp of a ball around a point: e^(m +- r) = e^m (1 +- 2r) for r <= 1.
MaybeBall spread(const Ball& at_mid, const Radius& rad) {
  const Radius error = upper_bound(at_mid) * rad * Radius::of(2, 0);
  return widened(at_mid, error);
}

}  // namespace

Ball pi() {
  static const Ball value = compute_pi();
  return value;
}

Ball log_2() {
  static const Ball value = compute_log_2();
  return value;
}

MaybeBall exp(const Ball& a) {
  if (is_wide(a)) return std::nullopt;
  const Ball point = {a.mid, {}};
  const auto n = nearest_multiple(point, log_2());
  if (!n || std::abs(*n) >= (int64_t{1} << 39)) return std::nullopt;
  const Ball reduced = scaled(point - small_integer(*n) * log_2(), -kHalvings);
  Ball sum = small_integer(1), term = sum;
  for (uint64_t k = 1; k < kMaxTerms; ++k) {
    term = divide(term * reduced, k);
    sum = sum + term;
    if (is_negligible(term)) break;
  }
  sum = with_remainder(sum, term);
  for (int i = 0; i < kHalvings; ++i) sum = sum * sum;
  return spread(scaled(sum, *n), a.rad);
}

MaybeBall log(const Ball& a) {
  if (!a.is_positive() || std::abs(a.mid.exponent) >= (int64_t{1} << 39)) return std::nullopt;
  // y approximates log x in double precision; log x = y + log(x e^-y), whose argument is 1 + t with a small t. The
  // result is certified whatever y was.
  const int64_t exponent = a.mid.exponent;
  const Ball x = scaled(a, -exponent);  // mid in [1/2, 1)
  const Ball y = {Float256::from_double(std::log(x.mid.to_double())), {}};
  const MaybeBall inverse = exp(-y);
  if (!inverse) return std::nullopt;
  const Ball t = x * *inverse - small_integer(1);
  if (!(upper_bound(t) < Radius{0.5, -3})) return std::nullopt;
  Ball power = t, sum = t, term = t;
  for (uint64_t k = 2; k < kMaxTerms && !is_negligible(term); ++k) {
    power = -(power * t);
    term = divide(power, k);
    sum = sum + term;
  }
  return small_integer(exponent) * log_2() + y + with_remainder(sum, term);
}

std::optional<SinCos> sin_cos(const Ball& a) {
  if (is_wide(a)) return std::nullopt;
  const Ball point = {a.mid, {}}, quarter = scaled(pi(), -1);
  const auto n = nearest_multiple(point, quarter);
  if (!n) return std::nullopt;
  const Ball x = scaled(point - small_integer(*n) * quarter, -kHalvings), square = x * x;
  // The versine 1 - cos x keeps the relative precision that the doubling of the angle needs.
  Ball sine = x, versine = scaled(square, -1), sine_term = sine, versine_term = versine;
  for (uint64_t k = 1; k < kMaxTerms; ++k) {
    sine_term = -divide(sine_term * square, 2 * k * (2 * k + 1));
    versine_term = -divide(versine_term * square, (2 * k + 1) * (2 * k + 2));
    sine = sine + sine_term;
    versine = versine + versine_term;
    if (is_negligible(sine_term) && is_negligible(versine_term)) break;
  }
  sine = with_remainder(sine, sine_term);
  versine = with_remainder(versine, versine_term);
  for (int i = 0; i < kHalvings; ++i) {  // sin 2x = 2 sin x cos x, versin 2x = 2 sin^2 x
    const Ball doubled = scaled(sine * (small_integer(1) - versine), 1);
    versine = scaled(sine * sine, 1);
    sine = doubled;
  }
  const Ball cosine = small_integer(1) - versine;
  const int64_t quadrant = ((*n % 4) + 4) % 4;
  const Ball sin_value = quadrant == 0 ? sine : quadrant == 1 ? cosine : quadrant == 2 ? -sine : -cosine;
  const Ball cos_value = quadrant == 0 ? cosine : quadrant == 1 ? -sine : quadrant == 2 ? -cosine : sine;
  return SinCos{widened(sin_value, a.rad), widened(cos_value, a.rad)};  // both have slope at most 1
}

MaybeBall atan(const Ball& a) {
  if (is_wide(a)) return std::nullopt;
  // y approximates atan x; tan(atan x - y) = (x cos y - sin y) / (cos y + x sin y) =: d is tiny, and atan x = y + atan d.
  const Ball y = {Float256::from_double(std::atan(a.mid.to_double())), {}};
  const auto at_y = sin_cos(y);
  if (!at_y) return std::nullopt;
  const MaybeBall d = divide(a * at_y->cos - at_y->sin, at_y->cos + a * at_y->sin);
  if (!d || !(upper_bound(*d) < Radius{0.5, -3})) return std::nullopt;
  const Ball square = *d * *d;
  Ball power = *d, sum = *d, term = *d;
  for (uint64_t k = 1; k < kMaxTerms && !is_negligible(term); ++k) {
    power = -(power * square);
    term = divide(power, 2 * k + 1);
    sum = sum + term;
  }
  return y + with_remainder(sum, term);
}

}  // namespace lockstep::rewards::math
