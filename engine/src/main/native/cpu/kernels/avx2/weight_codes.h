// Unpacks codes of quantized weights into bytes; every function is a file's own copy.
#pragma once

#include <cstddef>

#include "cpu/kernels/avx2/lanes.h"
#include "tensor/block_layout.h"

namespace sparkllama::avx2 {

static inline __m256i load_codes(const uint8_t* from) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}

// The low and the high half of every byte, as bytes.
static inline __m256i low_nibbles(__m256i bytes) {
  return _mm256_and_si256(bytes, _mm256_set1_epi8(15));
}

static inline __m256i high_nibbles(__m256i bytes) {
  return _mm256_and_si256(_mm256_srli_epi16(bytes, 4), _mm256_set1_epi8(15));
}

// 32 codes of 4 bits: the low halves of 16 bytes, then the high halves.
static inline __m256i nibble_codes(const uint8_t* from) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  return low_nibbles(_mm256_set_m128i(_mm_srli_epi16(bytes, 4), bytes));
}

// Bit i of a little-endian word becomes bit 4 of byte i.
static inline __m256i fifth_bits(const uint8_t* from) {
  const __m256i spread = _mm256_shuffle_epi8(
      _mm256_set1_epi32(load_i32(from)),
      _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303));
  const __m256i bit = _mm256_set1_epi64x(static_cast<int64_t>(0x8040201008040201u));
  const __m256i set = _mm256_cmpeq_epi8(_mm256_and_si256(spread, bit), bit);
  return _mm256_and_si256(set, _mm256_set1_epi8(16));
}

// Codes of 4 bits become what IQ4_NL and IQ4_XS mean by them.
static inline __m256i iq4_values(__m256i codes) {
  const __m128i values = _mm_loadu_si128(reinterpret_cast<const __m128i*>(kIQ4Values));
  return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(values), codes);
}

static inline __m256 widen_halves(const uint16_t (&halves)[8]) {
  return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(halves)));
}

}  // namespace sparkllama::avx2
