#include "base/math.h"

#include "base/portable_math.h"

namespace sparkllama {

double exponential(double x) { return portable::exponential(x); }

float exponential(float x) { return portable::exponential(x); }

float hyperbolic_tangent(float x) { return portable::hyperbolic_tangent(x); }

float normal_probability(float x) { return portable::normal_probability(x); }

double logarithm(double x) { return portable::logarithm(x); }

double power(double base, double exponent) { return portable::power(base, exponent); }

SineCosine sine_cosine(double radians) { return portable::sine_cosine(radians); }

}  // namespace sparkllama
