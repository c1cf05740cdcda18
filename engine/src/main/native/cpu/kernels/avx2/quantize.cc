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

// Sums of 16 codes at a time.
void sum_codes(const int8_t* codes, int64_t columns, int32_t* sums) {
  const __m256i ones = _mm256_set1_epi16(1);
  for (int64_t k = 0; k < columns; k += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(codes + k));
    const __m256i pairs = _mm256_madd_epi16(_mm256_cvtepi8_epi16(bytes), ones);
    __m128i four = _mm_add_epi32(_mm256_castsi256_si128(pairs), _mm256_extracti128_si256(pairs, 1));
    four = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0x4e));
    four = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0xb1));
    sums[k / 16] = _mm_cvtsi128_si32(four);
  }
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

void quantize_block32(const float* x, int64_t columns, int8_t* codes, float* scales,
                      int32_t* sums) {
  for (int64_t k = 0; k < columns; k += 32) {
    scales[k / 32] = quantize_codes(x + k, 32, codes + k, 1);
    int32_t halves[2];
    sum_codes(codes + k, 32, halves);
    sums[k / 32] = halves[0] + halves[1];
  }
}

void quantize_block256(const float* x, int64_t columns, int8_t* codes, float* scales, int32_t* sums,
                       int16_t* sums32) {
  for (int64_t k = 0; k < columns; k += 256) {
    scales[k / 256] = quantize_codes(x + k, 256, codes + k, 1);
  }
  sum_codes(codes, columns, sums);
  for (int64_t i = 0; i < columns / 32; ++i) {
    sums32[i] = static_cast<int16_t>(sums[2 * i] + sums[2 * i + 1]);
  }
}

}  // namespace sparkllama::avx2
