// Normalizes a row by its mean and its standard deviation.

#include "cpu/kernels/avx2/avx2_kernels.h"
#include "cpu/kernels/avx2/lanes.h"

namespace sparkllama::avx2 {
namespace {

// The sum of the row's elements, in 16 lanes and the fixed tree. Lanes beyond the row add zero:
// sums that began with +0 never are -0.
inline float sum_elements(const float* x, int64_t columns) {
  __m256 low = _mm256_setzero_ps();
  __m256 high = _mm256_setzero_ps();
  for (int64_t i = 0; i < columns; i += 16) {
    const int64_t rest = columns - i;
    low = _mm256_add_ps(low, load_lanes(x + i, rest));
    if (rest > 8) high = _mm256_add_ps(high, load_lanes(x + i + 8, rest - 8));
  }
  return sum_lanes(low, high);
}

// The first `count` elements less the mean, then zeros.
inline __m256 center(const float* x, int64_t count, __m256 mean) {
  const __m256 centered = _mm256_sub_ps(load_lanes(x, count), mean);
  return count >= 8 ? centered : _mm256_and_ps(centered, _mm256_castsi256_ps(lane_mask(count)));
}

// The sum of the squares of what centers, likewise.
inline float sum_squares(const float* x, int64_t columns, __m256 mean) {
  __m256 low = _mm256_setzero_ps();
  __m256 high = _mm256_setzero_ps();
  for (int64_t i = 0; i < columns; i += 16) {
    const int64_t rest = columns - i;
    const __m256 a = center(x + i, rest, mean);
    low = _mm256_fmadd_ps(a, a, low);
    if (rest <= 8) continue;
    const __m256 b = center(x + i + 8, rest - 8, mean);
    high = _mm256_fmadd_ps(b, b, high);
  }
  return sum_lanes(low, high);
}

}  // namespace

void layer_norm(const float* x, const float* weight, const float* bias, float epsilon,
                int64_t columns, float* out) {
  const __m256 mean = _mm256_set1_ps(sum_elements(x, columns) / static_cast<float>(columns));
  const float variance = sum_squares(x, columns, mean) / static_cast<float>(columns);
  const __m128 root = _mm_sqrt_ss(_mm_set_ss(variance + epsilon));
  const __m256 factor = _mm256_set1_ps(1.0f / _mm_cvtss_f32(root));
  for (int64_t i = 0; i < columns; i += 8) {
    const int64_t rest = columns - i;
    const __m256 scaled = _mm256_mul_ps(_mm256_sub_ps(load_lanes(x + i, rest), mean), factor);
    store_lanes(out + i, rest,
                _mm256_fmadd_ps(scaled, load_lanes(weight + i, rest), load_lanes(bias + i, rest)));
  }
}

}  // namespace sparkllama::avx2
