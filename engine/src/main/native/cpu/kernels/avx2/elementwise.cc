// Changes rows element by element: gates, GELU, addition (of a multiple too), scaling and soft
// caps.

#include "cpu/kernels/avx2/avx2_kernels.h"
#include "cpu/kernels/avx2/lanes.h"

namespace sparkllama::avx2 {

void swiglu(float* gate, const float* up, int64_t columns) {
  const __m256 signs = _mm256_set1_ps(-0.0f);
  const __m256 one = _mm256_set1_ps(1.0f);
  for (int64_t i = 0; i < columns; i += 8) {
    const int64_t rest = columns - i;
    const __m256 v = load_lanes(gate + i, rest);
    const __m256 decay = exponential(_mm256_xor_ps(v, signs));
    const __m256 silu = _mm256_div_ps(v, _mm256_add_ps(one, decay));
    store_lanes(gate + i, rest, _mm256_mul_ps(silu, load_lanes(up + i, rest)));
  }
}

void geglu(float* gate, const float* up, int64_t columns) {
  const __m256 one = _mm256_set1_ps(1.0f);
  const __m256 linear = _mm256_set1_ps(-0x1.988454p+0f);
  const __m256 cubic = _mm256_set1_ps(-0x1.2444f2p-4f);
  for (int64_t i = 0; i < columns; i += 8) {
    const int64_t rest = columns - i;
    const __m256 v = load_lanes(gate + i, rest);
    const __m256 inner = _mm256_fmadd_ps(_mm256_mul_ps(v, v), cubic, linear);
    const __m256 decay = exponential(_mm256_mul_ps(v, inner));
    const __m256 gelu = _mm256_div_ps(v, _mm256_add_ps(one, decay));
    store_lanes(gate + i, rest, _mm256_mul_ps(gelu, load_lanes(up + i, rest)));
  }
}

void gelu(float* x, int64_t columns) {
  for (int64_t i = 0; i < columns; i += 8) {
    const int64_t rest = columns - i;
    const __m256 v = load_lanes(x + i, rest);
    store_lanes(x + i, rest, _mm256_mul_ps(v, normal_probability(v)));
  }
}

void add(float* x, const float* y, int64_t columns) {
  for (int64_t i = 0; i < columns; i += 8) {
    const int64_t rest = columns - i;
    store_lanes(x + i, rest, _mm256_add_ps(load_lanes(x + i, rest), load_lanes(y + i, rest)));
  }
}

void add_scaled(float* x, const float* y, float factor, int64_t columns) {
  const __m256 factors = _mm256_set1_ps(factor);
  for (int64_t i = 0; i < columns; i += 8) {
    const int64_t rest = columns - i;
    const __m256 sum = _mm256_fmadd_ps(load_lanes(y + i, rest), factors, load_lanes(x + i, rest));
    store_lanes(x + i, rest, sum);
  }
}

void scale(float* x, float factor, int64_t columns) {
  const __m256 factors = _mm256_set1_ps(factor);
  for (int64_t i = 0; i < columns; i += 8) {
    const int64_t rest = columns - i;
    store_lanes(x + i, rest, _mm256_mul_ps(load_lanes(x + i, rest), factors));
  }
}

void soft_cap(float* x, float cap, int64_t columns) {
  const __m256 caps = _mm256_set1_ps(cap);
  for (int64_t i = 0; i < columns; i += 8) {
    const int64_t rest = columns - i;
    const __m256 capped = hyperbolic_tangent(_mm256_div_ps(load_lanes(x + i, rest), caps));
    store_lanes(x + i, rest, _mm256_mul_ps(caps, capped));
  }
}

}  // namespace sparkllama::avx2
