// Sums the exponentials of a row of logits, 16 at a time.

#include "cpu/kernels/avx512/avx512_kernels.h"
#include "cpu/kernels/avx512/lanes.h"

namespace sparkllama::avx512 {

double sum_exponentials(const float* x, float shift, int64_t columns) {
  const __m512 shifts = _mm512_set1_ps(shift);
  __m512d low = _mm512_setzero_pd();
  __m512d high = _mm512_setzero_pd();
  for (int64_t i = 0; i < columns; i += 16) {
    const int64_t rest = columns - i;
    const __m512 all = exponential(_mm512_sub_ps(load_lanes(x + i, rest), shifts));
    // Lanes beyond the row add zero, which changes no sum of exponentials.
    const __m512 terms = _mm512_maskz_mov_ps(first_lanes(rest), all);
    low = _mm512_add_pd(low, _mm512_cvtps_pd(_mm512_castps512_ps256(terms)));
    high = _mm512_add_pd(high, _mm512_cvtps_pd(_mm512_extractf32x8_ps(terms, 1)));
  }
  // Lane l += lane l + 8, then 4, 2, 1.
  const __m512d eight = _mm512_add_pd(low, high);
  const __m256d four =
      _mm256_add_pd(_mm512_castpd512_pd256(eight), _mm512_extractf64x4_pd(eight, 1));
  const __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
  return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}

}  // namespace sparkllama::avx512
