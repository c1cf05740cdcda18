// Normalizes a row by the root of its mean square.

#include "cpu/kernels/avx512/avx512_kernels.h"
#include "cpu/kernels/avx512/lanes.h"

namespace sparkllama::avx512 {

void rms_norm(const float* x, const float* weight, float epsilon, int64_t columns, float* out) {
  __m512 squares = _mm512_setzero_ps();
  for (int64_t i = 0; i < columns; i += 16) {
    // Lanes beyond the row add the square of zero, which leaves sums of squares as they are.
    const __m512 lanes = load_lanes(x + i, columns - i);
    squares = _mm512_fmadd_ps(lanes, lanes, squares);
  }
  const float mean = sum_lanes(squares) / static_cast<float>(columns);
  const __m128 root = _mm_sqrt_ss(_mm_set_ss(mean + epsilon));
  const __m512 factor = _mm512_set1_ps(1.0f / _mm_cvtss_f32(root));
  for (int64_t i = 0; i < columns; i += 16) {
    const int64_t rest = columns - i;
    const __m512 scaled = _mm512_mul_ps(load_lanes(x + i, rest), factor);
    store_lanes(out + i, rest, _mm512_mul_ps(scaled, load_lanes(weight + i, rest)));
  }
}

}  // namespace sparkllama::avx512
