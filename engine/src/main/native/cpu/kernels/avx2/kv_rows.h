// Finds rows of the KV cache and widens them; every function is a file's own copy.
#pragma once

#include "cpu/kernels/avx2/lanes.h"
#include "ops/kernel_table.h"

namespace sparkllama::avx2 {

enum class KvPart : int32_t { kKeys = 0, kValues = 1 };

// The row of one head at `offset` within a block.
static inline uint8_t* kv_row(const KvLayer& kv, int64_t block, KvPart part, int64_t head,
                              int64_t offset) {
  const int64_t rows = (block * 2 + static_cast<int64_t>(part)) * kv.kv_heads + head;
  return reinterpret_cast<uint8_t*>(kv.data) + (rows * kv.block_size + offset) * kv.row_bytes;
}

// How a KV type's elements are read. load() gives the eight elements from d on,
// load_part() only `count` of them and then zeros; for kInt8 they are the codes.
struct KvFloat32 {
  static constexpr bool kScaled = false;
  static __m256 load(const uint8_t* row, int64_t d) {
    return _mm256_loadu_ps(reinterpret_cast<const float*>(row) + d);
  }
  static __m256 load_part(const uint8_t* row, int64_t d, int64_t count) {
    return load_lanes(reinterpret_cast<const float*>(row) + d, count);
  }
};

struct KvFloat16 {
  static constexpr bool kScaled = false;
  static __m256 load(const uint8_t* row, int64_t d) {
    return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(row + 2 * d)));
  }
  static __m256 load_part(const uint8_t* row, int64_t d, int64_t count) {
    uint8_t padded[16] = {};
    std::memcpy(padded, row + 2 * d, static_cast<size_t>(2 * count));
    return load(padded, 0);
  }
};

struct KvInt8 {
  static constexpr bool kScaled = true;
  static constexpr int64_t kCodes = sizeof(float);
  static __m256 load(const uint8_t* row, int64_t d) {
    const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(row + kCodes + d));
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes));
  }
  static __m256 load_part(const uint8_t* row, int64_t d, int64_t count) {
    uint8_t padded[16] = {};
    std::memcpy(padded + kCodes, row + kCodes + d, static_cast<size_t>(count));
    return load(padded, 0);
  }
};

static inline float kv_row_scale(const uint8_t* row) {
  float scale;
  std::memcpy(&scale, row, sizeof(scale));
  return scale;
}

}  // namespace sparkllama::avx2
