// Compares the project's exp, log, tanh, normal distribution, sine and cosine with libm in a wider
// type, and half precision with its definition.
#include "base/math.h"

#include <cmath>
#include <cstdio>
#include <limits>

#include "base/half.h"
#include "tests/kernel_check.h"
#include "tests/random.h"

using namespace sparkllama;
using namespace sparkllama::testing;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Distance from the exact value in units of the last place of the nearest double (or float).
// An error up to `slack` counts as none.
double ulps(double actual, long double exact, double slack = 0) {
  const double nearest = std::fabs(static_cast<double>(exact));
  const long double step = std::nextafter(nearest, kInfinity) - nearest;
  const long double error = std::fabs(static_cast<long double>(actual) - exact);
  return static_cast<double>(std::fmax(0.0L, error - static_cast<long double>(slack)) / step);
}

double float_ulps(float actual, double exact) {
  const float nearest = std::fabs(static_cast<float>(exact));
  const float step = std::nextafter(nearest, std::numeric_limits<float>::infinity()) - nearest;
  return std::fabs(static_cast<double>(actual) - exact) / static_cast<double>(step);
}

void check_exponential() {
  Random random(1);
  double worst = 0;
  double worst_float = 0;
  for (int i = 0; i < 300000; ++i) {
    for (const double x : {random.between(-708, 709.7), random.between(-1, 1)}) {
      worst = std::fmax(worst, ulps(exponential(x), std::exp(static_cast<long double>(x))));
    }
    const float x = static_cast<float>(random.between(-87, 88.7));
    worst_float =
        std::fmax(worst_float, float_ulps(exponential(x), std::exp(static_cast<double>(x))));
  }
  std::printf("exponential: %.3f ulp, float %.3f ulp\n", worst, worst_float);
  EXPECT(worst < 1);
  EXPECT(worst_float < 1);
  EXPECT_EQUAL(exponential(0.0), 1.0);
  EXPECT_EQUAL(exponential(0.0f), 1.0f);
  EXPECT_EQUAL(exponential(710.0), kInfinity);
  EXPECT_EQUAL(exponential(kInfinity), kInfinity);
  EXPECT_EQUAL(exponential(-kInfinity), 0.0);
  EXPECT_EQUAL(exponential(-745.2), 0.0);
  EXPECT(std::isnan(exponential(std::nan(""))));
  EXPECT_EQUAL(exponential(89.0f), std::numeric_limits<float>::infinity());
  EXPECT_EQUAL(exponential(-std::numeric_limits<float>::infinity()), 0.0f);
  EXPECT_EQUAL(exponential(-1e30f), 0.0f);
  EXPECT(std::isnan(exponential(std::nanf(""))));
  // Denormal results: absolute error within one step of the smallest.
  for (double x = -745.0; x < -708.4; x += 0.37) {
    EXPECT(std::fabs(exponential(x) - std::exp(x)) <= 0x1p-1074);
  }
  for (float x = -103.9f; x < -87.4f; x += 0.13f) {
    const double error = static_cast<double>(exponential(x)) - std::exp(static_cast<double>(x));
    EXPECT(std::fabs(error) <= 0x1p-149);
  }
}

void check_hyperbolic_tangent() {
  Random random(5);
  double worst = 0;
  for (int i = 0; i < 300000; ++i) {
    for (const double at : {random.between(-10, 10), random.between(-0.4, 0.4),
                            std::exp(random.between(-80, 2)), random.between(0.17, 0.18)}) {
      const float x = static_cast<float>(at);
      worst = std::fmax(worst, float_ulps(hyperbolic_tangent(x), std::tanh(double{x})));
    }
  }
  std::printf("hyperbolic tangent: %.3f ulp\n", worst);
  EXPECT(worst < 3);
  const float infinity = std::numeric_limits<float>::infinity();
  for (const float x : {9.02f, 10.0f, 1e30f, infinity}) {
    EXPECT_EQUAL(hyperbolic_tangent(x), 1.0f);
    EXPECT_EQUAL(hyperbolic_tangent(-x), -1.0f);
  }
  // Tiny numbers are their own tangents.
  for (const float x : {0.0f, 0x1p-149f, 1e-42f, 0x1p-126f, 1e-30f}) {
    EXPECT(same_bits(hyperbolic_tangent(x), x));
    EXPECT(same_bits(hyperbolic_tangent(-x), -x));
  }
  EXPECT(std::isnan(hyperbolic_tangent(std::nanf(""))));
}

void check_normal_probability() {
  Random random(6);
  double worst_below = 0;  // in the bounds that math.h states
  double worst_above = 0;
  for (int i = 0; i < 300000; ++i) {
    for (const double at : {random.between(-13, 0), random.between(-1, 0)}) {
      const float x = static_cast<float>(at);
      const double below = 0.5 * std::erfc(-double{x} / std::sqrt(2.0));
      const double above = 0.5 * std::erfc(double{x} / std::sqrt(2.0));
      const double error = std::fabs(double{normal_probability(x)} / below - 1) * 0x1p24;
      worst_below = std::fmax(worst_below, error / (double{x} * double{x} / 2 + 15));
      const double mirrored = std::fabs(double{normal_probability(-x)} / above - 1) * 0x1p24;
      worst_above = std::fmax(worst_above, mirrored / 16);
    }
  }
  std::printf("normal probability: %.3f and %.3f of the bounds\n", worst_below, worst_above);
  EXPECT(worst_below <= 1);
  EXPECT(worst_above <= 1);
  const float infinity = std::numeric_limits<float>::infinity();
  for (const float x : {15.0f, 1e30f, infinity}) {
    EXPECT_EQUAL(normal_probability(x), 1.0f);
    EXPECT_EQUAL(normal_probability(-x), 0.0f);
  }
  EXPECT(std::isnan(normal_probability(std::nanf(""))));
}

void check_logarithm() {
  Random random(2);
  double worst = 0;
  for (int i = 0; i < 300000; ++i) {
    for (const double x : {std::exp(random.between(-744, 709)), random.between(0.5, 2),
                           1 + random.between(-1e-3, 1e-3)}) {
      worst = std::fmax(worst, ulps(logarithm(x), std::log(static_cast<long double>(x))));
    }
  }
  std::printf("logarithm: %.3f ulp\n", worst);
  EXPECT(worst < 1);
  EXPECT_EQUAL(logarithm(1.0), 0.0);
  EXPECT_EQUAL(logarithm(0.0), -kInfinity);
  EXPECT_EQUAL(logarithm(kInfinity), kInfinity);
  EXPECT(std::isnan(logarithm(-1.0)));
  EXPECT(std::isnan(logarithm(std::nan(""))));
}

void check_power() {
  Random random(3);
  for (int i = 0; i < 100000; ++i) {
    const double base = random.between(2, 1e6);
    const double exponent = random.between(-1, 1);
    const double exact = static_cast<double>(
        std::pow(static_cast<long double>(base), static_cast<long double>(exponent)));
    const double bound = (2 * std::fabs(exponent * std::log(base)) + 1) * 0x1p-52;
    EXPECT(std::fabs(power(base, exponent) / exact - 1) <= bound);
  }
}

void check_sine_cosine() {
  Random random(4);
  double worst = 0;
  for (int i = 0; i < 300000; ++i) {
    for (const double x : {random.between(-1e7, 1e7), random.between(-7, 7),
                           // Near multiples of pi / 2, where the reduction cancels.
                           std::nearbyint(random.between(-6e6, 6e6)) * 1.5707963267948966}) {
      const SineCosine actual = sine_cosine(x);
      const long double exact = static_cast<long double>(x);
      worst = std::fmax(worst, ulps(actual.sine, std::sin(exact), 0x1p-90));
      worst = std::fmax(worst, ulps(actual.cosine, std::cos(exact), 0x1p-90));
    }
  }
  std::printf("sine and cosine: %.3f ulp\n", worst);
  EXPECT(worst < 1);
  EXPECT_EQUAL(sine_cosine(0.0).sine, 0.0);
  EXPECT_EQUAL(sine_cosine(0.0).cosine, 1.0);
  for (const double x : {1.1e7, -kInfinity, std::nan("")}) {
    EXPECT(std::isnan(sine_cosine(x).sine) && std::isnan(sine_cosine(x).cosine));
  }
}

// The value of half-precision bits by the definition of binary16.
double half_value(int bits) {
  const double sign = bits & 0x8000 ? -1.0 : 1.0;
  const int exponent = (bits >> 10) & 31;
  const int fraction = bits & 1023;
  if (exponent == 31) return fraction != 0 ? std::nan("") : sign * kInfinity;
  if (exponent == 0) return sign * std::ldexp(fraction, -24);
  return sign * std::ldexp(1024 + fraction, exponent - 25);
}

void check_half() {
  for (int bits = 0; bits < 65536; ++bits) {
    const float value = half_to_float(static_cast<uint16_t>(bits));
    EXPECT(same_bits(value, static_cast<float>(half_value(bits))));
    if (!std::isnan(value))
      EXPECT_EQUAL(float_to_half(value), bits);
    else
      EXPECT(std::isnan(half_to_float(float_to_half(value))));
    const float widened = bfloat16_to_float(static_cast<uint16_t>(bits));
    const uint32_t expected = static_cast<uint32_t>(bits) << 16;
    EXPECT(std::memcmp(&widened, &expected, sizeof(widened)) == 0);
  }
  // Between neighbours: below the middle down, above it up, on it to the even one.
  for (int bits = 0; bits < 0x7bff; ++bits) {
    const float middle = static_cast<float>((half_value(bits) + half_value(bits + 1)) / 2);
    EXPECT_EQUAL(float_to_half(middle), bits + bits % 2);
    EXPECT_EQUAL(float_to_half(std::nextafter(middle, 0.0f)), bits);
    EXPECT_EQUAL(float_to_half(-std::nextafter(middle, 1e9f)), 0x8000 + bits + 1);
  }
  EXPECT_EQUAL(float_to_half(65519.99f), 0x7bff);
  EXPECT_EQUAL(float_to_half(65520.0f), 0x7c00);
  EXPECT_EQUAL(float_to_half(-1e30f), 0xfc00);
}

}  // namespace

int main() {
  check_exponential();
  check_hyperbolic_tangent();
  check_normal_probability();
  check_logarithm();
  check_power();
  check_sine_cosine();
  check_half();
  return result();
}
