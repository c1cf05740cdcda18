// Computes exp, log, pow, tanh, sin, cos and the normal distribution by the project's own formulas.
//
// The bits depend on no C library: only IEEE additions, multiplications, divisions and fused
// multiply-adds, in the order that math.cc states. Denormals are kept.
#pragma once

namespace sparkllama {

// e^x within 1 ulp for normal results; infinity above 709.79, 0 below -745.14, NaN for NaN.
double exponential(double x);

// e^x within 1 ulp for normal results; infinity above 88.73, 0 below -103.98, NaN for NaN.
// Every kernel's vector version takes the same steps per lane.
float exponential(float x);

// tanh(x) within 3 ulp; 1 with the sign of x from 9.02 on, NaN for NaN. Vector versions as above.
float hyperbolic_tangent(float x);

// The probability that a standard normal number is below x: (1 + erf(x / sqrt(2))) / 2. The
// relative error is at most (x^2 / 2 + 15) * 2^-24 for x < 0 and normal results, 16 * 2^-24 for
// x >= 0; NaN for NaN. Vector versions as above.
float normal_probability(float x);

// Natural logarithm within 1 ulp; -infinity for 0, NaN for negative x and NaN.
double logarithm(double x);

// base^exponent as e^(exponent * log(base)), for base > 0. The relative error is at most
// (2 * |exponent * log(base)| + 1) * 2^-52: enough for RoPE frequencies.
double power(double base, double exponent);

struct SineCosine {
  double sine;
  double cosine;
};

// Sine and cosine of an angle in radians, within 1 ulp plus 2^-90 for |radians| <= 1e7; NaN for
// both beyond 1e7 and for NaN.
SineCosine sine_cosine(double radians);

}  // namespace sparkllama
