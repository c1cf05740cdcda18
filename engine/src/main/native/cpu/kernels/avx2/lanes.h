// Moves and sums vectors of eight lanes; every function is a file's own copy.
#pragma once

#include <immintrin.h>

#include <cstdint>
#include <cstring>

namespace sparkllama::avx2 {

static inline int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

// All bits in the first `count` of eight lanes.
static inline __m256i lane_mask(int64_t count) {
  const __m256i index = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int32_t>(count)), index);
}

// The first `count` (at most 8) floats, then zeros; touches no byte beyond them.
static inline __m256 load_lanes(const float* from, int64_t count) {
  if (count >= 8) return _mm256_loadu_ps(from);
  return _mm256_maskload_ps(from, lane_mask(count));
}

static inline void store_lanes(float* to, int64_t count, __m256 value) {
  if (count >= 8) {
    _mm256_storeu_ps(to, value);
  } else {
    _mm256_maskstore_ps(to, lane_mask(count), value);
  }
}

// Sums 16 lanes (low: 0..7, high: 8..15): lane l += lane l + 8, then 4, 2, 1.
static inline float sum_lanes(__m256 low, __m256 high) {
  const __m256 eight = _mm256_add_ps(low, high);
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

// e^x per lane by the steps of exponential(float) in base/math.cc.
static inline __m256 exponential(__m256 x) {
  const __m256 shift = _mm256_set1_ps(0x1.8p23f);
  // min and max return their second operand where one is NaN: x, so that NaN stays.
  __m256 v = _mm256_min_ps(_mm256_set1_ps(89.0f), x);
  v = _mm256_max_ps(_mm256_set1_ps(-104.0f), v);
  const __m256 shifted = _mm256_fmadd_ps(v, _mm256_set1_ps(0x1.715476p+0f), shift);
  const __m256 n = _mm256_sub_ps(shifted, shift);
  __m256 r = _mm256_fmadd_ps(n, _mm256_set1_ps(-0x1.62e4p-1f), v);
  r = _mm256_fmadd_ps(n, _mm256_set1_ps(-0x1.7f7d1cp-20f), r);
  __m256 sum = _mm256_set1_ps(0x1.a01a02p-13f);
  sum = _mm256_fmadd_ps(sum, r, _mm256_set1_ps(0x1.6c16c2p-10f));
  sum = _mm256_fmadd_ps(sum, r, _mm256_set1_ps(0x1.111112p-7f));
  sum = _mm256_fmadd_ps(sum, r, _mm256_set1_ps(0x1.555556p-5f));
  sum = _mm256_fmadd_ps(sum, r, _mm256_set1_ps(0x1.555556p-3f));
  sum = _mm256_fmadd_ps(sum, r, _mm256_set1_ps(0.5f));
  sum = _mm256_fmadd_ps(sum, r, _mm256_set1_ps(1.0f));
  sum = _mm256_fmadd_ps(sum, r, _mm256_set1_ps(1.0f));
  const __m256i exponent =
      _mm256_sub_epi32(_mm256_castps_si256(shifted), _mm256_castps_si256(shift));
  const __m256i half = _mm256_srai_epi32(exponent, 1);
  const __m256i bias = _mm256_set1_epi32(127);
  const __m256i rest = _mm256_sub_epi32(exponent, half);
  const __m256i first = _mm256_slli_epi32(_mm256_add_epi32(half, bias), 23);
  const __m256i second = _mm256_slli_epi32(_mm256_add_epi32(rest, bias), 23);
  sum = _mm256_mul_ps(sum, _mm256_castsi256_ps(first));
  return _mm256_mul_ps(sum, _mm256_castsi256_ps(second));
}

// tanh(x) per lane by the steps of hyperbolic_tangent(float) in base/math.cc.
static inline __m256 hyperbolic_tangent(__m256 x) {
  const __m256 shift = _mm256_set1_ps(0x1.8p23f);
  const __m256 one = _mm256_set1_ps(1.0f);
  const __m256 signs = _mm256_set1_ps(-0.0f);
  const __m256 magnitude = _mm256_andnot_ps(signs, x);
  const __m256 v = _mm256_min_ps(_mm256_set1_ps(20.0f), _mm256_add_ps(magnitude, magnitude));
  const __m256 shifted = _mm256_fmadd_ps(v, _mm256_set1_ps(0x1.715476p+0f), shift);
  const __m256 n = _mm256_sub_ps(shifted, shift);
  __m256 r = _mm256_fmadd_ps(n, _mm256_set1_ps(-0x1.62e4p-1f), v);
  r = _mm256_fmadd_ps(n, _mm256_set1_ps(-0x1.7f7d1cp-20f), r);
  __m256 sum = _mm256_set1_ps(0x1.a01a02p-13f);
  sum = _mm256_fmadd_ps(sum, r, _mm256_set1_ps(0x1.6c16c2p-10f));
  sum = _mm256_fmadd_ps(sum, r, _mm256_set1_ps(0x1.111112p-7f));
  sum = _mm256_fmadd_ps(sum, r, _mm256_set1_ps(0x1.555556p-5f));
  sum = _mm256_fmadd_ps(sum, r, _mm256_set1_ps(0x1.555556p-3f));
  sum = _mm256_fmadd_ps(sum, r, _mm256_set1_ps(0.5f));
  sum = _mm256_fmadd_ps(_mm256_mul_ps(sum, r), r, r);
  const __m256i exponent =
      _mm256_sub_epi32(_mm256_castps_si256(shifted), _mm256_castps_si256(shift));
  const __m256 power = _mm256_castsi256_ps(
      _mm256_slli_epi32(_mm256_add_epi32(exponent, _mm256_set1_epi32(127)), 23));
  const __m256 t = _mm256_fmadd_ps(power, sum, _mm256_sub_ps(power, one));
  const __m256 quotient = _mm256_div_ps(t, _mm256_add_ps(t, _mm256_set1_ps(2.0f)));
  return _mm256_or_ps(quotient, _mm256_and_ps(x, signs));
}

// The normal distribution per lane by the steps of normal_probability(float) in base/math.cc.
static inline __m256 normal_probability(__m256 x) {
  const __m256 one = _mm256_set1_ps(1.0f);
  const __m256 t = _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x);
  const __m256 w = _mm256_div_ps(one, _mm256_add_ps(t, _mm256_set1_ps(4.0f)));
  const __m256 u = _mm256_fmsub_ps(w, _mm256_set1_ps(8.0f), one);
  __m256 sum = _mm256_set1_ps(0x1.14c3d2p-13f);
  sum = _mm256_fmadd_ps(sum, u, _mm256_set1_ps(0x1.782212p-13f));
  sum = _mm256_fmadd_ps(sum, u, _mm256_set1_ps(-0x1.9b8bc8p-10f));
  sum = _mm256_fmadd_ps(sum, u, _mm256_set1_ps(-0x1.cc65cp-9f));
  sum = _mm256_fmadd_ps(sum, u, _mm256_set1_ps(0x1.ed2d1ap-8f));
  sum = _mm256_fmadd_ps(sum, u, _mm256_set1_ps(0x1.eed404p-5f));
  sum = _mm256_fmadd_ps(sum, u, _mm256_set1_ps(0x1.7ep-3f));
  sum = _mm256_fmadd_ps(sum, u, _mm256_set1_ps(0x1.8c6d9ep-2f));
  sum = _mm256_fmadd_ps(sum, u, _mm256_set1_ps(0x1.373e38p-1f));
  sum = _mm256_fmadd_ps(sum, u, _mm256_set1_ps(0x1.82b4bcp-1f));
  const __m256 decay = exponential(_mm256_mul_ps(_mm256_mul_ps(t, t), _mm256_set1_ps(-0.5f)));
  const __m256 above = _mm256_mul_ps(decay, _mm256_mul_ps(w, sum));
  const __m256 negative = _mm256_cmp_ps(x, _mm256_setzero_ps(), _CMP_LT_OQ);
  return _mm256_blendv_ps(_mm256_sub_ps(one, above), above, negative);
}

}  // namespace sparkllama::avx2
