// Moves and sums vectors of sixteen lanes; every function is a file's own copy.
#pragma once

#include <immintrin.h>

#include <cstdint>
#include <cstring>

namespace sparkllama::avx512 {

static inline int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

// The first `count` of sixteen lanes, all from 16 on.
static inline __mmask16 first_lanes(int64_t count) {
  return static_cast<__mmask16>(count >= 16 ? 0xffffu : (1u << count) - 1u);
}

// The first `count` (at most 16) floats, then zeros; touches no byte beyond them.
static inline __m512 load_lanes(const float* from, int64_t count) {
  return _mm512_maskz_loadu_ps(first_lanes(count), from);
}

static inline void store_lanes(float* to, int64_t count, __m512 value) {
  _mm512_mask_storeu_ps(to, first_lanes(count), value);
}

// Lane l += lane l + 8, then 4, 2, 1.
static inline float sum_lanes(__m512 lanes) {
  const __m256 eight =
      _mm256_add_ps(_mm512_castps512_ps256(lanes), _mm512_extractf32x8_ps(lanes, 1));
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

// e^x per lane by the steps of exponential(float) in base/math.cc. There the power of two is
// multiplied in two parts, of which only the second rounds: the one rounding of vscalefps.
static inline __m512 exponential(__m512 x) {
  const __m512 shift = _mm512_set1_ps(0x1.8p23f);
  // min and max return their second operand where one is NaN: x, so that NaN stays.
  __m512 v = _mm512_min_ps(_mm512_set1_ps(89.0f), x);
  v = _mm512_max_ps(_mm512_set1_ps(-104.0f), v);
  const __m512 shifted = _mm512_fmadd_ps(v, _mm512_set1_ps(0x1.715476p+0f), shift);
  const __m512 n = _mm512_sub_ps(shifted, shift);
  __m512 r = _mm512_fmadd_ps(n, _mm512_set1_ps(-0x1.62e4p-1f), v);
  r = _mm512_fmadd_ps(n, _mm512_set1_ps(-0x1.7f7d1cp-20f), r);
  __m512 sum = _mm512_set1_ps(0x1.a01a02p-13f);
  sum = _mm512_fmadd_ps(sum, r, _mm512_set1_ps(0x1.6c16c2p-10f));
  sum = _mm512_fmadd_ps(sum, r, _mm512_set1_ps(0x1.111112p-7f));
  sum = _mm512_fmadd_ps(sum, r, _mm512_set1_ps(0x1.555556p-5f));
  sum = _mm512_fmadd_ps(sum, r, _mm512_set1_ps(0x1.555556p-3f));
  sum = _mm512_fmadd_ps(sum, r, _mm512_set1_ps(0.5f));
  sum = _mm512_fmadd_ps(sum, r, _mm512_set1_ps(1.0f));
  sum = _mm512_fmadd_ps(sum, r, _mm512_set1_ps(1.0f));
  return _mm512_scalef_ps(sum, n);
}

// tanh(x) per lane by the steps of hyperbolic_tangent(float) in base/math.cc.
static inline __m512 hyperbolic_tangent(__m512 x) {
  const __m512 shift = _mm512_set1_ps(0x1.8p23f);
  const __m512 one = _mm512_set1_ps(1.0f);
  const __m512 sign = _mm512_and_ps(x, _mm512_set1_ps(-0.0f));
  const __m512 magnitude = _mm512_andnot_ps(_mm512_set1_ps(-0.0f), x);
  const __m512 v = _mm512_min_ps(_mm512_set1_ps(20.0f), _mm512_add_ps(magnitude, magnitude));
  const __m512 shifted = _mm512_fmadd_ps(v, _mm512_set1_ps(0x1.715476p+0f), shift);
  const __m512 n = _mm512_sub_ps(shifted, shift);
  __m512 r = _mm512_fmadd_ps(n, _mm512_set1_ps(-0x1.62e4p-1f), v);
  r = _mm512_fmadd_ps(n, _mm512_set1_ps(-0x1.7f7d1cp-20f), r);
  __m512 sum = _mm512_set1_ps(0x1.a01a02p-13f);
  sum = _mm512_fmadd_ps(sum, r, _mm512_set1_ps(0x1.6c16c2p-10f));
  sum = _mm512_fmadd_ps(sum, r, _mm512_set1_ps(0x1.111112p-7f));
  sum = _mm512_fmadd_ps(sum, r, _mm512_set1_ps(0x1.555556p-5f));
  sum = _mm512_fmadd_ps(sum, r, _mm512_set1_ps(0x1.555556p-3f));
  sum = _mm512_fmadd_ps(sum, r, _mm512_set1_ps(0.5f));
  sum = _mm512_fmadd_ps(_mm512_mul_ps(sum, r), r, r);
  const __m512 power = _mm512_scalef_ps(one, n);
  const __m512 t = _mm512_fmadd_ps(power, sum, _mm512_sub_ps(power, one));
  return _mm512_or_ps(_mm512_div_ps(t, _mm512_add_ps(t, _mm512_set1_ps(2.0f))), sign);
}

// The normal distribution per lane by the steps of normal_probability(float) in base/math.cc.
static inline __m512 normal_probability(__m512 x) {
  const __m512 one = _mm512_set1_ps(1.0f);
  const __m512 t = _mm512_andnot_ps(_mm512_set1_ps(-0.0f), x);
  const __m512 w = _mm512_div_ps(one, _mm512_add_ps(t, _mm512_set1_ps(4.0f)));
  const __m512 u = _mm512_fmsub_ps(w, _mm512_set1_ps(8.0f), one);
  __m512 sum = _mm512_set1_ps(0x1.14c3d2p-13f);
  sum = _mm512_fmadd_ps(sum, u, _mm512_set1_ps(0x1.782212p-13f));
  sum = _mm512_fmadd_ps(sum, u, _mm512_set1_ps(-0x1.9b8bc8p-10f));
  sum = _mm512_fmadd_ps(sum, u, _mm512_set1_ps(-0x1.cc65cp-9f));
  sum = _mm512_fmadd_ps(sum, u, _mm512_set1_ps(0x1.ed2d1ap-8f));
  sum = _mm512_fmadd_ps(sum, u, _mm512_set1_ps(0x1.eed404p-5f));
  sum = _mm512_fmadd_ps(sum, u, _mm512_set1_ps(0x1.7ep-3f));
  sum = _mm512_fmadd_ps(sum, u, _mm512_set1_ps(0x1.8c6d9ep-2f));
  sum = _mm512_fmadd_ps(sum, u, _mm512_set1_ps(0x1.373e38p-1f));
  sum = _mm512_fmadd_ps(sum, u, _mm512_set1_ps(0x1.82b4bcp-1f));
  const __m512 decay = exponential(_mm512_mul_ps(_mm512_mul_ps(t, t), _mm512_set1_ps(-0.5f)));
  const __m512 above = _mm512_mul_ps(decay, _mm512_mul_ps(w, sum));
  const __mmask16 negative = _mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_LT_OQ);
  return _mm512_mask_sub_ps(above, static_cast<__mmask16>(~negative), one, above);
}

}  // namespace sparkllama::avx512
