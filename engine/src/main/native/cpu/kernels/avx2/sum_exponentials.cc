// Sums the exponentials of a row of logits, 16 at a time.

#include "cpu/kernels/avx2/avx2_kernels.h"
#include "cpu/kernels/avx2/lanes.h"

namespace sparkllama::avx2 {
namespace {

// Adds eight exponentials to eight lanes: low has 0..3, high 4..7.
inline void accumulate(__m256 exponentials, __m256d& low, __m256d& high) {
  low = _mm256_add_pd(low, _mm256_cvtps_pd(_mm256_castps256_ps128(exponentials)));
  high = _mm256_add_pd(high, _mm256_cvtps_pd(_mm256_extractf128_ps(exponentials, 1)));
}

// The exponentials of the first `count` elements, then zeros: adding zero changes no lane.
inline __m256 exponentials(const float* x, int64_t count, __m256 shift) {
  const __m256 all = exponential(_mm256_sub_ps(load_lanes(x, count), shift));
  return count >= 8 ? all : _mm256_and_ps(all, _mm256_castsi256_ps(lane_mask(count)));
}

}  // namespace

double sum_exponentials(const float* x, float shift, int64_t columns) {
  const __m256 shifts = _mm256_set1_ps(shift);
  __m256d lanes[4] = {_mm256_setzero_pd(), _mm256_setzero_pd(), _mm256_setzero_pd(),
                      _mm256_setzero_pd()};
  for (int64_t i = 0; i < columns; i += 16) {
    accumulate(exponentials(x + i, columns - i, shifts), lanes[0], lanes[1]);
    if (columns - i > 8) {
      accumulate(exponentials(x + i + 8, columns - i - 8, shifts), lanes[2], lanes[3]);
    }
  }
  // Lane l += lane l + 8, then 4, 2, 1.
  const __m256d four =
      _mm256_add_pd(_mm256_add_pd(lanes[0], lanes[2]), _mm256_add_pd(lanes[1], lanes[3]));
  const __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
  return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}

}  // namespace sparkllama::avx2
