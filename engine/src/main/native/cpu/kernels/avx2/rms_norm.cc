// Normalizes a row by the root of its mean square.

#include "cpu/kernels/avx2/avx2_kernels.h"
#include "cpu/kernels/avx2/lanes.h"

namespace sparkllama::avx2 {

void rms_norm(const float* x, const float* weight, float epsilon, int64_t columns, float* out) {
  __m256 low = _mm256_setzero_ps();
  __m256 high = _mm256_setzero_ps();
  int64_t i = 0;
  for (; i + 16 <= columns; i += 16) {
    const __m256 a = _mm256_loadu_ps(x + i);
    const __m256 b = _mm256_loadu_ps(x + i + 8);
    low = _mm256_fmadd_ps(a, a, low);
    high = _mm256_fmadd_ps(b, b, high);
  }
  if (i < columns) {
    // Lanes beyond the row add the square of zero, which leaves sums of squares as they are.
    const int64_t rest = columns - i;
    const __m256 a = load_lanes(x + i, rest);
    low = _mm256_fmadd_ps(a, a, low);
    if (rest > 8) {
      const __m256 b = load_lanes(x + i + 8, rest - 8);
      high = _mm256_fmadd_ps(b, b, high);
    }
  }
  const float mean = sum_lanes(low, high) / static_cast<float>(columns);
  const __m128 root = _mm_sqrt_ss(_mm_set_ss(mean + epsilon));
  const float factor = 1.0f / _mm_cvtss_f32(root);
  const __m256 factors = _mm256_set1_ps(factor);
  for (i = 0; i < columns; i += 8) {
    const int64_t rest = columns - i;
    const __m256 scaled = _mm256_mul_ps(load_lanes(x + i, rest), factors);
    store_lanes(out + i, rest, _mm256_mul_ps(scaled, load_lanes(weight + i, rest)));
  }
}

}  // namespace sparkllama::avx2
