// Quantizes activations to 8 bits.

#include <immintrin.h>

#include "cpu/kernels/avx512/avx512_kernels.h"

namespace sparkllama::avx512 {
namespace {

// Writes 16 * kVectors codes, of one block, and returns its scale, as Activations says. Every 64
// codes lie `stride` bytes apart.
template <int kVectors>
inline __attribute__((always_inline)) float quantize(const float* x, int8_t* codes,
                                                     int64_t stride) {
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
    for (int i = 0; i < kVectors; ++i) {
      __builtin_memset(codes + i / 4 * stride + i % 4 * 16, 0, 16);
    }
    return most >= kInfinity ? __builtin_nanf("") : 0.0f;
  }
  const __m512 inverse = _mm512_set1_ps(127.0f / amax);
#pragma GCC unroll 16
  for (int i = 0; i < kVectors; ++i) {
    // The conversion rounds half to even.
    const __m512i wide = _mm512_cvtps_epi32(_mm512_mul_ps(values[i], inverse));
    int8_t* to = codes + i / 4 * stride + i % 4 * 16;
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm512_cvtepi32_epi8(wide));
  }
  return amax / 127.0f;
}

// Sums of four bytes at a time, in 16 lanes: signed ones, and unsigned.
__m512i sums_of_four(__m512i codes) {
  return _mm512_dpbusd_epi32(_mm512_setzero_si512(), _mm512_set1_epi8(1), codes);
}
__m512i sums_of_four_magnitudes(__m512i codes) {
  return _mm512_dpbusd_epi32(_mm512_setzero_si512(), _mm512_abs_epi8(codes), _mm512_set1_epi8(1));
}

// Adds neighbouring lanes of two vectors: lane i is the sum of lanes 2 i and 2 i + 1 of both.
__m512i add_neighbours(__m512i low, __m512i high) {
  const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  const __m512i odd = _mm512_add_epi32(even, _mm512_set1_epi32(1));
  return _mm512_add_epi32(_mm512_permutex2var_epi32(low, even, high),
                          _mm512_permutex2var_epi32(low, odd, high));
}

}  // namespace

void quantize_block32(const float* x, int64_t columns, const QuantizedRow& out) {
  const int64_t stride = kTileColumns * out.tile_rows;
  for (int64_t k = 0; k < columns; k += 32) {
    int8_t* codes = out.codes + k / kTileColumns * stride + k % kTileColumns;
    out.scales[k / 32 * out.tile_rows] = quantize<2>(x + k, codes, stride);
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(codes));
    const __m256i fours = _mm256_dpbusd_epi32(_mm256_setzero_si256(), _mm256_set1_epi8(1), bytes);
    __m128i two = _mm_add_epi32(_mm256_castsi256_si128(fours), _mm256_extracti128_si256(fours, 1));
    two = _mm_add_epi32(two, _mm_shuffle_epi32(two, 0x4e));
    two = _mm_add_epi32(two, _mm_shuffle_epi32(two, 0xb1));
    out.sums[k / 32 * out.tile_rows] = _mm_cvtsi128_si32(two);
  }
}

void quantize_block256(const float* x, int64_t columns, const QuantizedRow& out) {
  const int64_t stride = kTileColumns * out.tile_rows;
  for (int64_t b = 0; b < columns / 256; ++b) {
    int8_t* codes = out.codes + 4 * b * stride;
    out.scales[b * out.tile_rows] = quantize<16>(x + b * 256, codes, stride);
    __m512i fours[4];
    __m512i magnitudes[4];
    for (int i = 0; i < 4; ++i) {
      const __m512i bytes = _mm512_loadu_si512(codes + i * stride);
      fours[i] = sums_of_four(bytes);
      magnitudes[i] = sums_of_four_magnitudes(bytes);
    }
    const __m512i sixteens =
        add_neighbours(add_neighbours(fours[0], fours[1]), add_neighbours(fours[2], fours[3]));
    const __m512i sixteen_magnitudes = add_neighbours(add_neighbours(magnitudes[0], magnitudes[1]),
                                                      add_neighbours(magnitudes[2], magnitudes[3]));
    out.loud[b * out.tile_rows] =
        _mm512_cmpgt_epi32_mask(sixteen_magnitudes, _mm512_set1_epi32(kQuietSum)) != 0;
    alignas(64) int32_t sums[16];
    _mm512_store_si512(sums, sixteens);
    for (int i = 0; i < 16; ++i) out.sums[(16 * b + i) * out.tile_rows] = sums[i];
    alignas(32) int16_t pairs[16];
    const __m512i eight = add_neighbours(sixteens, sixteens);
    _mm256_store_si256(reinterpret_cast<__m256i*>(pairs), _mm512_cvtepi32_epi16(eight));
    for (int j = 0; j < 4; ++j) {
      __builtin_memcpy(out.sums32 + (4 * b + j) * 2 * out.tile_rows, pairs + 2 * j, 4);
    }
  }
}

}  // namespace sparkllama::avx512
