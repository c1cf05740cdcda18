// Quantizes activations to 8 bits, 64 columns at a time.

#include <immintrin.h>

#include "cpu/kernels/avx512/avx512_kernels.h"

namespace sparkllama::avx512 {
namespace {

constexpr int32_t kInfinity = 0x7f800000;
constexpr int32_t kSmallest = 0x0d800000;  // 2^-100; blocks below count as zero

// Magnitudes compare as integers in the same order, infinity and NaN above all numbers.
inline __m512i magnitudes(__m512 values) {
  return _mm512_and_si512(_mm512_castps_si512(values), _mm512_set1_epi32(0x7fffffff));
}

inline bool is_special(int32_t most) { return most >= kInfinity || most < kSmallest; }

inline float special_scale(int32_t most) { return most >= kInfinity ? __builtin_nanf("") : 0.0f; }

inline float as_float(int32_t bits) {
  float value;
  __builtin_memcpy(&value, &bits, sizeof(value));
  return value;
}

// 64 values times `first` (32 of them) and `second`, as bytes. The conversion rounds half to even.
inline __m512i to_codes(const __m512 (&values)[4], __m512 first, __m512 second) {
  const __m512i a = _mm512_cvtps_epi32(_mm512_mul_ps(values[0], first));
  const __m512i b = _mm512_cvtps_epi32(_mm512_mul_ps(values[1], first));
  const __m512i c = _mm512_cvtps_epi32(_mm512_mul_ps(values[2], second));
  const __m512i d = _mm512_cvtps_epi32(_mm512_mul_ps(values[3], second));
  const __m512i packed = _mm512_packs_epi16(_mm512_packs_epi32(a, b), _mm512_packs_epi32(c, d));
  // Packing goes by lanes of 128 bits: lane j has four codes of a, b, c and d each.
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  return _mm512_permutexvar_epi32(order, packed);
}

// Sums of four bytes at a time, in 16 lanes: signed ones, and magnitudes.
inline __m512i sums_of_four(__m512i codes) {
  return _mm512_dpbusd_epi32(_mm512_setzero_si512(), _mm512_set1_epi8(1), codes);
}
inline __m512i sums_of_four_magnitudes(__m512i codes) {
  return _mm512_dpbusd_epi32(_mm512_setzero_si512(), _mm512_abs_epi8(codes), _mm512_set1_epi8(1));
}

// Adds neighbouring lanes of two vectors: lane i is the sum of lanes 2 i and 2 i + 1 of both.
inline __m512i add_neighbours(__m512i low, __m512i high) {
  const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  const __m512i odd = _mm512_add_epi32(even, _mm512_set1_epi32(1));
  return _mm512_add_epi32(_mm512_permutex2var_epi32(low, even, high),
                          _mm512_permutex2var_epi32(low, odd, high));
}

// Two vectors' largest lanes: of `a` in the low half's lanes, of `b` in the high half's.
inline __m512i largest_of_both(__m512i a, __m512i b) {
  __m512i most = _mm512_max_epi32(_mm512_shuffle_i64x2(a, b, 0x44),  // low halves of both
                                  _mm512_shuffle_i64x2(a, b, 0xee));
  most = _mm512_max_epi32(most, _mm512_shuffle_i64x2(most, most, 0xb1));
  most = _mm512_max_epi32(most, _mm512_shuffle_epi32(most, _MM_PERM_BADC));
  return _mm512_max_epi32(most, _mm512_shuffle_epi32(most, _MM_PERM_CDAB));
}

// The sums of both halves' lanes, in their lanes.
inline __m512i sums_of_halves(__m512i lanes) {
  __m512i sum = _mm512_add_epi32(lanes, _mm512_shuffle_i64x2(lanes, lanes, 0xb1));
  sum = _mm512_add_epi32(sum, _mm512_shuffle_epi32(sum, _MM_PERM_BADC));
  return _mm512_add_epi32(sum, _mm512_shuffle_epi32(sum, _MM_PERM_CDAB));
}

inline int32_t low_lane(__m512i lanes) { return _mm_cvtsi128_si32(_mm512_castsi512_si128(lanes)); }
inline int32_t high_lane(__m512i lanes) {
  return _mm_cvtsi128_si32(_mm512_extracti32x4_epi32(lanes, 2));
}

// Two blocks of 32; second_there is 0 where the second is not there, else all ones.
inline void quantize_two(const float* x, __mmask16 second_there, int8_t* codes, float (&scales)[2],
                         int32_t (&sums)[2]) {
  const __m512 values[4] = {_mm512_loadu_ps(x), _mm512_loadu_ps(x + 16),
                            _mm512_maskz_loadu_ps(second_there, x + 32),
                            _mm512_maskz_loadu_ps(second_there, x + 48)};
  const __m512i most =
      largest_of_both(_mm512_max_epi32(magnitudes(values[0]), magnitudes(values[1])),
                      _mm512_max_epi32(magnitudes(values[2]), magnitudes(values[3])));
  const int32_t mosts[2] = {low_lane(most), high_lane(most)};
  float inverses[2];
  for (int i = 0; i < 2; ++i) {
    const bool special = is_special(mosts[i]);
    const float amax = as_float(mosts[i]);
    inverses[i] = special ? 0.0f : 127.0f / amax;
    scales[i] = special ? special_scale(mosts[i]) : amax / 127.0f;
  }
  __m512i bytes = to_codes(values, _mm512_set1_ps(inverses[0]), _mm512_set1_ps(inverses[1]));
  // A NaN or an infinity times 0 is no number, which converts to no code.
  const __mmask16 kept =
      static_cast<__mmask16>((inverses[0] != 0.0f ? 0xff : 0) | (inverses[1] != 0.0f ? 0xff00 : 0));
  bytes = _mm512_maskz_mov_epi32(kept, bytes);
  _mm512_mask_storeu_epi32(codes, static_cast<__mmask16>(second_there != 0 ? 0xffff : 0xff), bytes);
  const __m512i halves = sums_of_halves(sums_of_four(bytes));
  sums[0] = low_lane(halves);
  sums[1] = high_lane(halves);
}

// One block of 256, whose codes lie `stride` bytes apart every 64; returns its scale.
inline float quantize_codes(const float* x, int64_t stride, int8_t* codes, __m512i (&bytes)[4]) {
  __m512 values[4][4];
  __m512i largest = _mm512_setzero_si512();
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) {
    values[i / 4][i % 4] = _mm512_loadu_ps(x + 16 * i);
    largest = _mm512_max_epi32(largest, magnitudes(values[i / 4][i % 4]));
  }
  const int32_t most = _mm512_reduce_max_epi32(largest);
  const bool special = is_special(most);
  const float amax = as_float(most);
  const __m512 inverse = _mm512_set1_ps(127.0f / amax);
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    bytes[i] = special ? _mm512_setzero_si512() : to_codes(values[i], inverse, inverse);
    _mm512_storeu_si512(codes + i * stride, bytes[i]);
  }
  return special ? special_scale(most) : amax / 127.0f;
}

}  // namespace

void quantize_block32(const float* x, int64_t columns, const QuantizedRow& out) {
  for (int64_t k = 0; k < columns; k += kTileColumns) {
    const bool both = k + 32 < columns;
    float scales[2];
    int32_t sums[2];
    quantize_two(x + k, both ? 0xffff : 0, out.codes + k * out.tile_rows, scales, sums);
    const int64_t at = k / 32 * out.tile_rows;
    out.scales[at] = scales[0];
    out.sums[at] = sums[0];
    if (both) {
      out.scales[at + out.tile_rows] = scales[1];
      out.sums[at + out.tile_rows] = sums[1];
    }
  }
}

void quantize_block256(const float* x, int64_t columns, const QuantizedRow& out) {
  const int64_t stride = kTileColumns * out.tile_rows;
  for (int64_t b = 0; b < columns / 256; ++b) {
    __m512i bytes[4];
    out.scales[b * out.tile_rows] =
        quantize_codes(x + b * 256, stride, out.codes + 4 * b * stride, bytes);
    __m512i fours[4];
    __m512i absolute[4];
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
      fours[i] = sums_of_four(bytes[i]);
      absolute[i] = sums_of_four_magnitudes(bytes[i]);
    }
    const __m512i sixteens =
        add_neighbours(add_neighbours(fours[0], fours[1]), add_neighbours(fours[2], fours[3]));
    const __m512i sixteen_magnitudes = add_neighbours(add_neighbours(absolute[0], absolute[1]),
                                                      add_neighbours(absolute[2], absolute[3]));
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
