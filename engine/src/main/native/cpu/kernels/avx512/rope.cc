// Rotates pairs of elements by their position's angles.

#include "cpu/kernels/avx512/avx512_kernels.h"
#include "cpu/kernels/avx512/lanes.h"

namespace sparkllama::avx512 {
namespace {

// Eight pairs (a, b) in neighbouring lanes with their (cosine, sine).
__m512 rotate_adjacent(__m512 values, __m512 pairs) {
  const __m512 swapped = _mm512_permute_ps(pairs, 0xb1);  // (sine, cosine)
  const __m512 second = _mm512_mul_ps(_mm512_movehdup_ps(values), swapped);
  return _mm512_fmaddsub_ps(_mm512_moveldup_ps(values), pairs, second);
}

}  // namespace

void rope_adjacent(float* heads, int64_t num_heads, int64_t head_dim, int64_t rope_dim,
                   const RopePair* pairs) {
  const float* angles = reinterpret_cast<const float*>(pairs);
  for (int64_t h = 0; h < num_heads; ++h) {
    float* head = heads + h * head_dim;
    for (int64_t i = 0; i < rope_dim; i += 16) {
      const int64_t rest = rope_dim - i;
      const __m512 turned =
          rotate_adjacent(load_lanes(head + i, rest), load_lanes(angles + i, rest));
      store_lanes(head + i, rest, turned);
    }
  }
}

void rope_halves(float* heads, int64_t num_heads, int64_t head_dim, int64_t rope_dim,
                 const RopePair* pairs) {
  const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  const __m512i odd = _mm512_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
  const int64_t half = rope_dim / 2;
  for (int64_t j = 0; j < half; j += 16) {
    const int64_t rest = half - j;
    const float* angles = &pairs[j].cosine;
    const __m512 first = load_lanes(angles, 2 * rest);
    const __m512 second = rest > 8 ? load_lanes(angles + 16, 2 * rest - 16) : _mm512_setzero_ps();
    const __m512 cosines = _mm512_permutex2var_ps(first, even, second);
    const __m512 sines = _mm512_permutex2var_ps(first, odd, second);
    for (int64_t h = 0; h < num_heads; ++h) {
      float* head = heads + h * head_dim + j;
      const __m512 a = load_lanes(head, rest);
      const __m512 b = load_lanes(head + half, rest);
      store_lanes(head, rest, _mm512_fmsub_ps(a, cosines, _mm512_mul_ps(b, sines)));
      store_lanes(head + half, rest, _mm512_fmadd_ps(a, sines, _mm512_mul_ps(b, cosines)));
    }
  }
}

}  // namespace sparkllama::avx512
