// Holds the formulas of base/math.h, for processors and devices alike: the same operations in the
// same order, and so the same bits.
#pragma once

#include <bit>
#include <cstdint>
#include <limits>

#include "base/math.h"

#if defined(__CUDACC__)
#define SPARKLLAMA_PORTABLE __host__ __device__ inline
#else
#define SPARKLLAMA_PORTABLE inline
#endif

namespace sparkllama::portable {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// ln 2 in two parts: the product of the first with an integer below 2^20 is exact.
constexpr double kLn2High = 0x1.62e42feep-1;
constexpr double kLn2Low = 0x1.a39ef35793c76p-33;

// pi / 2 in three parts: products of the first two with an integer below 2^23 are exact.
constexpr double kHalfPiHigh = 0x1.921fb54p+0;
constexpr double kHalfPiMiddle = 0x1.10b46118p-30;
constexpr double kHalfPiLow = 0x1.313198a2e037p-61;

// Adding and subtracting it rounds a number below 2^51 to the nearest integer, ties to even.
constexpr double kRoundingShift = 0x1.8p52;

// 2^exponent for a normal exponent.
SPARKLLAMA_PORTABLE double power_of_two(int64_t exponent) {
  return std::bit_cast<double>(static_cast<uint64_t>(exponent + 1023) << 52);
}

// Evaluates c[0] + x * (c[1] + x * (...)).
template <int kCount>
SPARKLLAMA_PORTABLE double polynomial(double x, const double (&c)[kCount]) {
  double sum = c[kCount - 1];
  for (int i = kCount - 2; i >= 0; --i) sum = c[i] + x * sum;
  return sum;
}

SPARKLLAMA_PORTABLE double exponential(double x) {
  // Of Taylor: (e^r - 1 - r) / r^2 for |r| <= ln(2) / 2; the next term is below 2^-57.
  constexpr double kExponential[] = {
      1.0 / 2,     1.0 / 6,      1.0 / 24,      1.0 / 120,      1.0 / 720,       1.0 / 5040,
      1.0 / 40320, 1.0 / 362880, 1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600, 1.0 / 6227020800};
  if (x != x) return x;
  if (x > 709.8) return kInfinity;
  if (x < -746.0) return 0.0;
  const double n = (x * 0x1.71547652b82fep+0 + kRoundingShift) - kRoundingShift;
  const double high = x - n * kLn2High;
  const double low = n * kLn2Low;
  const double r = high - low;
  // What the subtraction lost, added back where it still counts.
  const double lost = (high - r) - low;
  const double result = 1.0 + (r + (r * r * polynomial(r, kExponential) + lost));
  // Two factors, since 2^n alone may be no normal number; only the second product rounds.
  const int64_t exponent = static_cast<int64_t>(n);
  const int64_t half = exponent / 2;
  return result * power_of_two(half) * power_of_two(exponent - half);
}

// e^v for v from -104 to 89: both powers of two are normal.
SPARKLLAMA_PORTABLE float exponential_in_range(float v) {
  // Constants as in the vector versions.
  constexpr float kShift = 0x1.8p23f;
  const float shifted = __builtin_fmaf(v, 0x1.715476p+0f, kShift);
  const float n = shifted - kShift;
  float r = __builtin_fmaf(n, -0x1.62e4p-1f, v);
  r = __builtin_fmaf(n, -0x1.7f7d1cp-20f, r);
  float sum = 0x1.a01a02p-13f;
  sum = __builtin_fmaf(sum, r, 0x1.6c16c2p-10f);
  sum = __builtin_fmaf(sum, r, 0x1.111112p-7f);
  sum = __builtin_fmaf(sum, r, 0x1.555556p-5f);
  sum = __builtin_fmaf(sum, r, 0x1.555556p-3f);
  sum = __builtin_fmaf(sum, r, 0.5f);
  sum = __builtin_fmaf(sum, r, 1.0f);
  sum = __builtin_fmaf(sum, r, 1.0f);
  // Unsigned, so that a NaN's bits are harmless; NaN itself survives in `sum`.
  const uint32_t exponent = std::bit_cast<uint32_t>(shifted) - std::bit_cast<uint32_t>(kShift);
  const uint32_t half = static_cast<uint32_t>(static_cast<int32_t>(exponent) >> 1);
  const float first = std::bit_cast<float>((half + 127u) << 23);
  const float second = std::bit_cast<float>((exponent - half + 127u) << 23);
  return sum * first * second;
}

SPARKLLAMA_PORTABLE float exponential(float x) {
  const float v = 89.0f < x ? 89.0f : x;
  return exponential_in_range(v < -104.0f ? -104.0f : v);
}

SPARKLLAMA_PORTABLE float hyperbolic_tangent(float x) {
  // tanh |x| = t / (t + 2) with t = e^(2 |x|) - 1 = 2^n (e^r - 1) + (2^n - 1); beyond the bound the
  // quotient is 1.
  constexpr float kShift = 0x1.8p23f;
  const float magnitude = x < 0.0f ? -x : x;
  const float doubled = magnitude + magnitude;
  const float v = 20.0f < doubled ? 20.0f : doubled;
  const float shifted = __builtin_fmaf(v, 0x1.715476p+0f, kShift);
  const float n = shifted - kShift;
  float r = __builtin_fmaf(n, -0x1.62e4p-1f, v);
  r = __builtin_fmaf(n, -0x1.7f7d1cp-20f, r);
  float sum = 0x1.a01a02p-13f;
  sum = __builtin_fmaf(sum, r, 0x1.6c16c2p-10f);
  sum = __builtin_fmaf(sum, r, 0x1.111112p-7f);
  sum = __builtin_fmaf(sum, r, 0x1.555556p-5f);
  sum = __builtin_fmaf(sum, r, 0x1.555556p-3f);
  sum = __builtin_fmaf(sum, r, 0.5f);
  sum = __builtin_fmaf(sum * r, r, r);
  // Unsigned, so that a NaN's bits are harmless; NaN itself survives in `sum`.
  const uint32_t exponent = std::bit_cast<uint32_t>(shifted) - std::bit_cast<uint32_t>(kShift);
  const float scale = std::bit_cast<float>((exponent + 127u) << 23);
  const float t = __builtin_fmaf(scale, sum, scale - 1.0f);
  return __builtin_copysignf(t / (t + 2.0f), x);
}

SPARKLLAMA_PORTABLE float normal_probability(float x) {
  // Above t = |x| lie e^(-t^2 / 2) * w * S(u): coefficients of scripts/normal_probability_fit.py.
  // Errors in 2^-24: 2 in w, which weigh 3.2 times as much since u hangs on it; 1.1 of u's
  // rounding; 0.9 of the fit; 2.3 of the polynomial, 2 of the exponential, x^2 / 2 of its argument,
  // 2 of the products.
  const float t = x < 0.0f ? -x : x;
  const float w = 1.0f / (t + 4.0f);
  const float u = __builtin_fmaf(w, 8.0f, -1.0f);
  float sum = 0x1.14c3d2p-13f;
  sum = __builtin_fmaf(sum, u, 0x1.782212p-13f);
  sum = __builtin_fmaf(sum, u, -0x1.9b8bc8p-10f);
  sum = __builtin_fmaf(sum, u, -0x1.cc65cp-9f);
  sum = __builtin_fmaf(sum, u, 0x1.ed2d1ap-8f);
  sum = __builtin_fmaf(sum, u, 0x1.eed404p-5f);
  sum = __builtin_fmaf(sum, u, 0x1.7ep-3f);
  sum = __builtin_fmaf(sum, u, 0x1.8c6d9ep-2f);
  sum = __builtin_fmaf(sum, u, 0x1.373e38p-1f);
  sum = __builtin_fmaf(sum, u, 0x1.82b4bcp-1f);
  const float above = exponential(t * t * -0.5f) * (w * sum);
  return x < 0.0f ? above : 1.0f - above;
}

SPARKLLAMA_PORTABLE double logarithm(double x) {
  // Of Taylor: (2 atanh(s) - 2 s) / s^3 in s^2 for |s| <= 0.1716; the next term is below 2^-60.
  constexpr double kLogarithm[] = {2.0 / 3,  2.0 / 5,  2.0 / 7,  2.0 / 9,  2.0 / 11,
                                   2.0 / 13, 2.0 / 15, 2.0 / 17, 2.0 / 19, 2.0 / 21};
  if (x != x || x < 0.0) return kNan;
  if (x == 0.0) return -kInfinity;
  if (x == kInfinity) return x;
  int64_t exponent = 0;
  if (x < 0x1p-1022) {
    x *= 0x1p54;
    exponent = -54;
  }
  // x = 2^exponent * m with m in [sqrt(1/2), sqrt(2)).
  const uint64_t bits = std::bit_cast<uint64_t>(x);
  exponent += static_cast<int64_t>(bits >> 52) - 1023;
  double m = std::bit_cast<double>((bits & 0xfffffffffffffu) | 0x3ff0000000000000u);
  if (m > 0x1.6a09e667f3bcdp+0) {
    m *= 0.5;
    exponent += 1;
  }
  // log(m) = f - f^2/2 + s * (f^2/2 + rest), where s = f / (2 + f) and 2 atanh(s) = log(m).
  const double f = m - 1.0;
  const double s = f / (2.0 + f);
  const double s2 = s * s;
  const double rest = s2 * polynomial(s2, kLogarithm);
  const double half_square = 0.5 * f * f;
  const double n = static_cast<double>(exponent);
  return n * kLn2High - ((half_square - (s * (half_square + rest) + n * kLn2Low)) - f);
}

SPARKLLAMA_PORTABLE double power(double base, double exponent) {
  return exponential(exponent * logarithm(base));
}

SPARKLLAMA_PORTABLE SineCosine sine_cosine(double radians) {
  // Of Taylor: (sin(r) - r) / r^3 and (cos(r) - 1 + r^2 / 2) / r^4 in r^2 for |r| <= pi / 4.
  constexpr double kSine[] = {-1.0 / 6,
                              1.0 / 120,
                              -1.0 / 5040,
                              1.0 / 362880,
                              -1.0 / 39916800,
                              1.0 / 6227020800.0,
                              -1.0 / 1307674368000.0,
                              1.0 / 355687428096000.0};
  constexpr double kCosine[] = {1.0 / 24,
                                -1.0 / 720,
                                1.0 / 40320,
                                -1.0 / 3628800,
                                1.0 / 479001600,
                                -1.0 / 87178291200.0,
                                1.0 / 20922789888000.0,
                                -1.0 / 6402373705728000.0};
  if (!(radians >= -1e7 && radians <= 1e7)) return {kNan, kNan};
  const double n = (radians * 0x1.45f306dc9c883p-1 + kRoundingShift) - kRoundingShift;
  const double high = radians - n * kHalfPiHigh;
  const double middle = n * kHalfPiMiddle;
  const double sum = high - middle;
  // sum + lost = high - middle exactly, whichever of the two is larger.
  const double back = high - sum;
  const double lost = (high - (sum + back)) + (back - middle);
  const double low = n * kHalfPiLow - lost;
  const double r = sum - low;
  const double tail = (sum - r) - low;

  const double r2 = r * r;
  const double sine = r + (r2 * r * polynomial(r2, kSine) + tail * (1.0 - 0.5 * r2));
  const double half_square = 0.5 * r2;
  const double cosine_head = 1.0 - half_square;
  const double cosine = cosine_head + (((1.0 - cosine_head) - half_square) +
                                       (r2 * r2 * polynomial(r2, kCosine) - r * tail));
  switch (static_cast<int64_t>(n) & 3) {
    case 0:
      return {sine, cosine};
    case 1:
      return {cosine, -sine};
    case 2:
      return {-sine, -cosine};
    default:
      return {-cosine, sine};
  }
}

}  // namespace sparkllama::portable
