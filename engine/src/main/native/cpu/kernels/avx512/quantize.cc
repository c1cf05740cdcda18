// Quantizes activations to 8 bits.

#include <immintrin.h>

#include "cpu/kernels/avx512/avx512_kernels.h"

namespace sparkllama::avx512 {
namespace {

// Writes 16 * kVectors codes, of one block, and returns its scale, as Activations says.
template <int kVectors>
inline __attribute__((always_inline)) float quantize(const float* x, int8_t* codes) {
  __m512 values[kVectors];
  // Magnitudes compare as integers in the same order, infinity and NaN above all numbers.
  __m512i largest = _mm512_setzero_si512();
#pragma GCC unroll 16
  for (int i = 0; i < kVectors; ++i) {
    values[i] = _mm512_loadu_ps(x + 16 * i);
    const __m512i magnitude =
        _mm512_and_si512(_mm512_castps_si512(values[i]), _mm512_set1_epi32(0x7fffffff));
    largest = _mm512_max_epi32(largest, magnitude);
  }
  const int32_t most = _mm512_reduce_max_epi32(largest);
  constexpr int32_t kInfinity = 0x7f800000;
  float amax;
  __builtin_memcpy(&amax, &most, sizeof(amax));
  if (most >= kInfinity || amax < 0x1p-100f) {
    __builtin_memset(codes, 0, 16 * kVectors);
    return most >= kInfinity ? __builtin_nanf("") : 0.0f;
  }
  const __m512 inverse = _mm512_set1_ps(127.0f / amax);
#pragma GCC unroll 16
  for (int i = 0; i < kVectors; ++i) {
    // The conversion rounds half to even.
    const __m512i wide = _mm512_cvtps_epi32(_mm512_mul_ps(values[i], inverse));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(codes + 16 * i), _mm512_cvtepi32_epi8(wide));
  }
  return amax / 127.0f;
}

// Sums of four codes at a time, in 16 lanes.
__m512i sums_of_four(const int8_t* codes) {
  return _mm512_dpbusd_epi32(_mm512_setzero_si512(), _mm512_set1_epi8(1),
                             _mm512_loadu_si512(codes));
}

// Adds neighbouring lanes of two vectors: lane i is the sum of lanes 2 i and 2 i + 1 of both.
__m512i add_neighbours(__m512i low, __m512i high) {
  const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  const __m512i odd = _mm512_add_epi32(even, _mm512_set1_epi32(1));
  return _mm512_add_epi32(_mm512_permutex2var_epi32(low, even, high),
                          _mm512_permutex2var_epi32(low, odd, high));
}

}  // namespace

void quantize_block32(const float* x, int64_t columns, int8_t* codes, float* scales,
                      int32_t* sums) {
  for (int64_t k = 0; k < columns; k += 32) {
    scales[k / 32] = quantize<2>(x + k, codes + k);
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(codes + k));
    const __m256i fours = _mm256_dpbusd_epi32(_mm256_setzero_si256(), _mm256_set1_epi8(1), bytes);
    __m128i two = _mm_add_epi32(_mm256_castsi256_si128(fours), _mm256_extracti128_si256(fours, 1));
    two = _mm_add_epi32(two, _mm_shuffle_epi32(two, 0x4e));
    two = _mm_add_epi32(two, _mm_shuffle_epi32(two, 0xb1));
    sums[k / 32] = _mm_cvtsi128_si32(two);
  }
}

void quantize_block256(const float* x, int64_t columns, int8_t* codes, float* scales, int32_t* sums,
                       int16_t* sums32) {
  for (int64_t k = 0; k < columns; k += 256) {
    scales[k / 256] = quantize<16>(x + k, codes + k);
    const int8_t* block = codes + k;
    const __m512i low = add_neighbours(sums_of_four(block), sums_of_four(block + 64));
    const __m512i high = add_neighbours(sums_of_four(block + 128), sums_of_four(block + 192));
    const __m512i sixteens = add_neighbours(low, high);
    _mm512_storeu_si512(sums + k / 16, sixteens);
    const __m512i pairs = add_neighbours(sixteens, sixteens);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(sums32 + k / 32),
                     _mm256_cvtepi32_epi16(_mm512_castsi512_si256(pairs)));
  }
}

}  // namespace sparkllama::avx512
