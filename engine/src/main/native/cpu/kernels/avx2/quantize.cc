// Quantizes activations, and rows of the 8-bit KV cache, to 8 bits.

#include "cpu/kernels/avx2/avx2_kernels.h"
#include "cpu/kernels/avx2/lanes.h"

namespace sparkllama::avx2 {
namespace {

// Magnitudes as integers: the order is that of the floats, infinity and NaN above all numbers.
__m256i magnitudes(const float* x, int64_t count) {
  const __m256i bits = _mm256_castps_si256(load_lanes(x, count));
  return _mm256_and_si256(bits, _mm256_set1_epi32(0x7fffffff));
}

int32_t largest_magnitude(const float* x, int64_t count) {
  __m256i largest = _mm256_setzero_si256();
  for (int64_t i = 0; i < count; i += 8) {
    largest = _mm256_max_epi32(largest, magnitudes(x + i, count - i));
  }
  __m128i four =
      _mm_max_epi32(_mm256_castsi256_si128(largest), _mm256_extracti128_si256(largest, 1));
  four = _mm_max_epi32(four, _mm_shuffle_epi32(four, 0x4e));
  four = _mm_max_epi32(four, _mm_shuffle_epi32(four, 0xb1));
  return _mm_cvtsi128_si32(four);
}

// Eight codes in the low bytes; conversion rounds half to even.
__m128i eight_codes(__m256 x, __m256 inverse) {
  const __m256i wide = _mm256_cvtps_epi32(_mm256_mul_ps(x, inverse));
  const __m128i words =
      _mm_packs_epi32(_mm256_castsi256_si128(wide), _mm256_extracti128_si256(wide, 1));
  return _mm_packs_epi16(words, words);
}

__m128i load_sixteen(const int8_t* codes) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(codes));
}

// Of signed bytes.
int32_t sum_of_sixteen(__m128i bytes) {
  const __m256i pairs = _mm256_madd_epi16(_mm256_cvtepi8_epi16(bytes), _mm256_set1_epi16(1));
  __m128i four = _mm_add_epi32(_mm256_castsi256_si128(pairs), _mm256_extracti128_si256(pairs, 1));
  four = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0x4e));
  four = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0xb1));
  return _mm_cvtsi128_si32(four);
}

}  // namespace

float quantize_codes(const float* x, int64_t count, int8_t* codes, int64_t stride) {
  const int32_t largest = largest_magnitude(x, count);
  float amax;
  std::memcpy(&amax, &largest, sizeof(amax));
  constexpr int32_t kInfinity = 0x7f800000;
  if (largest >= kInfinity || amax < 0x1p-100f) {
    for (int64_t i = 0; i < count; ++i) codes[i * stride] = 0;
    return largest >= kInfinity ? __builtin_nanf("") : 0.0f;
  }
  const __m256 inverse = _mm256_set1_ps(127.0f / amax);
  for (int64_t i = 0; i < count; i += 8) {
    const __m128i bytes = eight_codes(load_lanes(x + i, count - i), inverse);
    const int64_t wanted = smaller(8, count - i);
    if (stride == 1) {
      std::memcpy(codes + i, &bytes, static_cast<size_t>(wanted));
    } else {
      int8_t eight[16];
      _mm_storeu_si128(reinterpret_cast<__m128i*>(eight), bytes);
      for (int64_t j = 0; j < wanted; ++j) codes[(i + j) * stride] = eight[j];
    }
  }
  return amax / 127.0f;
}

void quantize_block32(const float* x, int64_t columns, const QuantizedRow& out) {
  for (int64_t k = 0; k < columns; k += 32) {
    int8_t* codes = out.codes + k / kTileColumns * kTileColumns * out.tile_rows + k % kTileColumns;
    out.scales[k / 32 * out.tile_rows] = quantize_codes(x + k, 32, codes, 1);
    out.sums[k / 32 * out.tile_rows] =
        sum_of_sixteen(load_sixteen(codes)) + sum_of_sixteen(load_sixteen(codes + 16));
  }
}

void quantize_block256(const float* x, int64_t columns, const QuantizedRow& out) {
  for (int64_t b = 0; b < columns / 256; ++b) {
    int8_t codes[256];
    out.scales[b * out.tile_rows] = quantize_codes(x + b * 256, 256, codes, 1);
    int8_t* to = out.codes + b * 256 * out.tile_rows;
    for (int64_t i = 0; i < 4; ++i) {
      std::memcpy(to + i * kTileColumns * out.tile_rows, codes + i * kTileColumns, kTileColumns);
    }
    out.loud[b * out.tile_rows] = 0;
    for (int64_t i = 0; i < 8; ++i) {
      const __m128i low = load_sixteen(codes + 32 * i);
      const __m128i high = load_sixteen(codes + 32 * i + 16);
      if (sum_of_sixteen(_mm_abs_epi8(low)) > kQuietSum ||
          sum_of_sixteen(_mm_abs_epi8(high)) > kQuietSum) {
        out.loud[b * out.tile_rows] = 1;
      }
      const int32_t first = sum_of_sixteen(low);
      const int32_t second = sum_of_sixteen(high);
      int32_t* sums = out.sums + (16 * b + 2 * i) * out.tile_rows;
      sums[0] = first;
      sums[out.tile_rows] = second;
      out.sums32[(4 * b + i / 2) * 2 * out.tile_rows + i % 2] =
          static_cast<int16_t>(first + second);
    }
  }
}

}  // namespace sparkllama::avx2
