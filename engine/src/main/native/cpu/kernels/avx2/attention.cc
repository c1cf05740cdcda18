// Attends over the KV cache: the shared walk on this set's vectors.

#include "base/math.h"
#include "cpu/kernels/attention_walk.h"
#include "cpu/kernels/avx2/attention_tile.h"
#include "cpu/kernels/avx2/avx2_kernels.h"
#include "cpu/kernels/avx2/kv_parts.h"
#include "cpu/kernels/transpose8.h"

namespace sparkllama::avx2 {
namespace {

template <typename Kv>
void widen_elements(const uint8_t* from, int64_t count, float* to) {
  for (int64_t i = 0; i < count; i += 8) _mm256_storeu_ps(to + i, Kv::load(from, i));
}

void widen(KvType type, const uint8_t* from, int64_t count, float* to) {
  switch (type) {
    case KvType::kFloat32:
      return widen_elements<KvFloat32>(from, count, to);
    case KvType::kFloat16:
      return widen_elements<KvFloat16>(from, count, to);
    case KvType::kInt8:
      return widen_elements<KvInt8>(from, count, to);
  }
}

struct AttentionUnit {
  static void score_tile(TileType type, const ScoreTile& tile) { avx2::score_tile(type, tile); }
  static void accumulate_tile(TileType type, const ValueTile& tile) {
    avx2::accumulate_tile(type, tile);
  }

  static void transpose_rows(const float* const (&from)[kPackRows], int64_t count, float* to) {
    for (int64_t d = 0; d < count; d += 8) {
      __m256 eight[kPackRows];
#pragma GCC unroll 8
      for (int64_t r = 0; r < kPackRows; ++r) {
        eight[r] = load_lanes(from[r] + d, avx2::smaller(8, count - d));
      }
      transpose(eight);
#pragma GCC unroll 8
      for (int64_t i = 0; i < 8; ++i) _mm256_storeu_ps(to + (d + i) * kPackRows, eight[i]);
    }
  }

  static void widen(KvType type, const uint8_t* from, int64_t count, float* to) {
    avx2::widen(type, from, count, to);
  }

  static void soft_cap(float* scores, float cap, int64_t count) {
    avx2::soft_cap(scores, cap, count);
  }

  static float largest(const float* scores, int64_t blocks) {
    const __m256 lowest = _mm256_set1_ps(-__builtin_inff());
    __m256 most[2] = {lowest, lowest};
    // The second operand is the result where a score is NaN.
    for (int64_t b = 0; b < blocks; ++b) {
      const float* block = scores + b * kKvBlockPositions;
      most[0] = _mm256_max_ps(_mm256_loadu_ps(block), most[0]);
      most[1] = _mm256_max_ps(_mm256_loadu_ps(block + 8), most[1]);
    }
    alignas(32) float lanes[8];
    _mm256_store_ps(lanes, _mm256_max_ps(most[0], most[1]));
    float maximum = lanes[0];
    for (int i = 1; i < 8; ++i) maximum = lanes[i] > maximum ? lanes[i] : maximum;
    return maximum;
  }

  template <bool kScaled, typename Scales>
  static float weigh(float* scores, int64_t blocks, float maximum, const Scales& scales) {
    const __m256 maximums = _mm256_set1_ps(maximum);
    __m256 low = _mm256_setzero_ps();
    __m256 high = _mm256_setzero_ps();
    for (int64_t b = 0; b < blocks; ++b, scores += kKvBlockPositions) {
      __m256 x = avx2::exponential(_mm256_sub_ps(_mm256_loadu_ps(scores), maximums));
      __m256 y = avx2::exponential(_mm256_sub_ps(_mm256_loadu_ps(scores + 8), maximums));
      low = _mm256_add_ps(low, x);
      high = _mm256_add_ps(high, y);
      if constexpr (kScaled) {
        x = _mm256_mul_ps(x, _mm256_loadu_ps(scales(b)));
        y = _mm256_mul_ps(y, _mm256_loadu_ps(scales(b) + 8));
      }
      _mm256_storeu_ps(scores, x);
      _mm256_storeu_ps(scores + 8, y);
    }
    return sum_lanes(low, high);
  }

  static void merge(float* to, float x, const float* from, float y, int64_t count) {
    for (int64_t d = 0; d < count; d += 8) {
      const __m256 added = _mm256_mul_ps(_mm256_loadu_ps(from + d), _mm256_set1_ps(y));
      _mm256_storeu_ps(to + d, _mm256_fmadd_ps(_mm256_loadu_ps(to + d), _mm256_set1_ps(x), added));
    }
  }

  static void divide(const float* totals, float sum, float* output, int64_t count) {
    const __m256 sums = _mm256_set1_ps(sum);
    for (int64_t d = 0; d < count; d += 8) {
      store_lanes(output + d, count - d, _mm256_div_ps(_mm256_loadu_ps(totals + d), sums));
    }
  }
};

}  // namespace

void attention(const AttentionTask& task) { walk_attention<AttentionUnit>(task); }

}  // namespace sparkllama::avx2
