// Widens elements of the KV cache; every function is a file's own copy.
#pragma once

#include "cpu/kernels/attention_tile.h"
#include "cpu/kernels/avx512/lanes.h"

namespace sparkllama::avx512 {

// How elements are read: sixteen from index i on, widened; for kInt8 they are the codes.
struct KvFloat32 {
  static constexpr int64_t kSize = 4;
  static __m512 load(const uint8_t* elements, int64_t i) {
    return _mm512_loadu_ps(elements + 4 * i);
  }
};

struct KvFloat16 {
  static constexpr int64_t kSize = 2;
  static __m512 load(const uint8_t* elements, int64_t i) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(elements + 2 * i)));
  }
};

struct KvInt8 {
  static constexpr int64_t kSize = 1;
  static __m512 load(const uint8_t* elements, int64_t i) {
    const __m128i codes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(elements + i));
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(codes));
  }
};

}  // namespace sparkllama::avx512
