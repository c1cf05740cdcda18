// Finds what a head has in a block of the KV cache, and widens it; every function is a file's own
// copy.
#pragma once

#include "cpu/kernels/avx2/lanes.h"
#include "ops/kernel_table.h"

namespace sparkllama::avx2 {

enum class KvSide : int32_t { kKeys = 0, kValues = 1 };

// Bytes of a part before its elements in kInt8: a scale for each position.
constexpr int64_t kKvScaleBytes = kKvBlockPositions * int64_t{sizeof(float)};

static inline uint8_t* kv_part(const KvLayer& kv, int64_t block, KvSide side, int64_t head) {
  const int64_t part = (block * 2 + static_cast<int64_t>(side)) * kv.kv_heads + head;
  return reinterpret_cast<uint8_t*>(kv.data) + part * kv.part_bytes;
}

// How elements are read: eight from index i on, widened; for kInt8 they are the codes.
struct KvFloat32 {
  static constexpr int64_t kSize = 4;
  static __m256 load(const uint8_t* elements, int64_t i) {
    return _mm256_loadu_ps(reinterpret_cast<const float*>(elements + 4 * i));
  }
};

struct KvFloat16 {
  static constexpr int64_t kSize = 2;
  static __m256 load(const uint8_t* elements, int64_t i) {
    return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(elements + 2 * i)));
  }
};

struct KvInt8 {
  static constexpr int64_t kSize = 1;
  static __m256 load(const uint8_t* elements, int64_t i) {
    const __m128i codes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(elements + i));
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(codes));
  }
};

}  // namespace sparkllama::avx2
