"""Fits the polynomial of normal_probability in engine/src/main/native/base/math.cc, and prints it.

    python3 scripts/normal_probability_fit.py        (needs mpmath and numpy)

The probability that a standard normal number is above t >= 0 is exp(-t^2 / 2) * w * S(u) with
w = 1 / (t + 4) and u = 8 w - 1: S is smooth and near 1 on the whole axis. Its polynomial in u is
fitted for the smallest relative error up to t = 14.5, beyond which the exponential is 0 in float32,
by least squares weighted anew until the largest errors are alike (Lawson, 1961). Coefficients are
rounded to float32.
"""

import mpmath
import numpy

SHIFT = 4
LAST = 14.5
DEGREE = 9
POINTS = 500

mpmath.mp.dps = 40


def smooth_part(t):
    t = mpmath.mpf(t)
    return mpmath.exp(t * t / 2) * mpmath.erfc(t / mpmath.sqrt(2)) / 2 * (t + SHIFT)


def main():
    x = numpy.cos(numpy.pi * (numpy.arange(POINTS) + 0.5) / POINTS)
    lowest = 2 * SHIFT / (SHIFT + LAST) - 1
    u = (1 + lowest) / 2 + (1 - lowest) / 2 * x
    y = numpy.array([float(smooth_part(2 * SHIFT / (mpmath.mpf(v) + 1) - SHIFT)) for v in u])
    powers = numpy.polynomial.chebyshev.chebvander(x, DEGREE)
    weights = numpy.ones(POINTS)
    for _ in range(300):
        scale = numpy.sqrt(weights) / y
        c = numpy.linalg.lstsq(powers * scale[:, None], y * scale, rcond=None)[0]
        error = numpy.abs(powers @ c / y - 1)
        weights *= error / error.max() + 1e-3
        weights /= weights.sum()
    # From Chebyshev polynomials of x to powers of u.
    fitted = numpy.polynomial.Chebyshev(c, domain=[lowest, 1]).convert(
        kind=numpy.polynomial.Polynomial
    )
    rounded = fitted.coef.astype(numpy.float32)
    error = numpy.abs(numpy.polynomial.polynomial.polyval(u, rounded.astype(float)) / y - 1).max()
    for value in rounded:
        print(f"{float(value).hex()}  {value}")
    print(f"largest relative error 2^{numpy.log2(error):.2f}")


main()
