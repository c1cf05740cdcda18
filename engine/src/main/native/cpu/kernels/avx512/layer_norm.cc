// Normalizes a row by its mean and its standard deviation.

#include "cpu/kernels/avx512/avx512_kernels.h"
#include "cpu/kernels/avx512/lanes.h"

namespace sparkllama::avx512 {

void layer_norm(const float* x, const float* weight, const float* bias, float epsilon,
                int64_t columns, float* out) {
  __m512 sums = _mm512_setzero_ps();
  // Lanes beyond the row add zero: sums that began with +0 never are -0.
  for (int64_t i = 0; i < columns; i += 16) {
    sums = _mm512_add_ps(sums, load_lanes(x + i, columns - i));
  }
  const float mean = sum_lanes(sums) / static_cast<float>(columns);
  const __m512 means = _mm512_set1_ps(mean);
  __m512 squares = _mm512_setzero_ps();
  for (int64_t i = 0; i < columns; i += 16) {
    const __m512 centered =
        _mm512_maskz_sub_ps(first_lanes(columns - i), load_lanes(x + i, columns - i), means);
    squares = _mm512_fmadd_ps(centered, centered, squares);
  }
  const float variance = sum_lanes(squares) / static_cast<float>(columns);
  const __m128 root = _mm_sqrt_ss(_mm_set_ss(variance + epsilon));
  const __m512 factor = _mm512_set1_ps(1.0f / _mm_cvtss_f32(root));
  for (int64_t i = 0; i < columns; i += 16) {
    const int64_t rest = columns - i;
    const __m512 centered = _mm512_sub_ps(load_lanes(x + i, rest), means);
    const __m512 scaled = _mm512_mul_ps(centered, factor);
    store_lanes(out + i, rest,
                _mm512_fmadd_ps(scaled, load_lanes(weight + i, rest), load_lanes(bias + i, rest)));
  }
}

}  // namespace sparkllama::avx512
