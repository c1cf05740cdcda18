// Rotates pairs of elements by their position's angles.

#include "cpu/kernels/avx2/avx2_kernels.h"
#include "cpu/kernels/avx2/lanes.h"

namespace sparkllama::avx2 {
namespace {

void rotate(float& a, float& b, RopePair pair) {
  const float turned_a = __builtin_fmaf(a, pair.cosine, -(b * pair.sine));
  const float turned_b = __builtin_fmaf(a, pair.sine, b * pair.cosine);
  a = turned_a;
  b = turned_b;
}

// Four pairs (a, b) in neighbouring lanes with their (cosine, sine).
__m256 rotate_adjacent(__m256 values, __m256 pairs) {
  const __m256 even_signs = _mm256_castsi256_ps(_mm256_set1_epi64x(0x80000000));
  const __m256 swapped = _mm256_permute_ps(pairs, 0xb1);  // (sine, cosine)
  const __m256 second = _mm256_mul_ps(_mm256_movehdup_ps(values), swapped);
  return _mm256_fmadd_ps(_mm256_moveldup_ps(values), pairs, _mm256_xor_ps(second, even_signs));
}

// Eight pairs at a and b.
void rotate_halves(float* a, float* b, const float* pairs) {
  const __m256 first = _mm256_loadu_ps(pairs);
  const __m256 second = _mm256_loadu_ps(pairs + 8);
  const __m256d mixed_cosines = _mm256_castps_pd(_mm256_shuffle_ps(first, second, 0x88));
  const __m256d mixed_sines = _mm256_castps_pd(_mm256_shuffle_ps(first, second, 0xdd));
  const __m256 cosines = _mm256_castpd_ps(_mm256_permute4x64_pd(mixed_cosines, 0xd8));
  const __m256 sines = _mm256_castpd_ps(_mm256_permute4x64_pd(mixed_sines, 0xd8));
  const __m256 va = _mm256_loadu_ps(a);
  const __m256 vb = _mm256_loadu_ps(b);
  _mm256_storeu_ps(a, _mm256_fmsub_ps(va, cosines, _mm256_mul_ps(vb, sines)));
  _mm256_storeu_ps(b, _mm256_fmadd_ps(va, sines, _mm256_mul_ps(vb, cosines)));
}

}  // namespace

void rope_adjacent(float* heads, int64_t num_heads, int64_t head_dim, int64_t rope_dim,
                   const RopePair* pairs) {
  const int64_t count = rope_dim / 2;
  for (int64_t h = 0; h < num_heads; ++h) {
    float* head = heads + h * head_dim;
    int64_t j = 0;
    for (; j + 4 <= count; j += 4) {
      const __m256 angles = _mm256_loadu_ps(&pairs[j].cosine);
      _mm256_storeu_ps(head + 2 * j, rotate_adjacent(_mm256_loadu_ps(head + 2 * j), angles));
    }
    for (; j < count; ++j) rotate(head[2 * j], head[2 * j + 1], pairs[j]);
  }
}

void rope_halves(float* heads, int64_t num_heads, int64_t head_dim, int64_t rope_dim,
                 const RopePair* pairs) {
  const int64_t half = rope_dim / 2;
  for (int64_t h = 0; h < num_heads; ++h) {
    float* head = heads + h * head_dim;
    int64_t j = 0;
    for (; j + 8 <= half; j += 8) rotate_halves(head + j, head + j + half, &pairs[j].cosine);
    for (; j < half; ++j) rotate(head[j], head[j + half], pairs[j]);
  }
}

}  // namespace sparkllama::avx2
