// Attends over the KV cache: the shared walk on this set's vectors.

#include "base/math.h"
#include "cpu/kernels/attention_walk.h"
#include "cpu/kernels/avx512/attention_tile.h"
#include "cpu/kernels/avx512/avx512_kernels.h"
#include "cpu/kernels/avx512/kv_parts.h"
#include "cpu/kernels/transpose8.h"

namespace sparkllama::avx512 {
namespace {

template <typename Kv>
void widen_elements(const uint8_t* from, int64_t count, float* to) {
  for (int64_t i = 0; i < count; i += 16) _mm512_storeu_ps(to + i, Kv::load(from, i));
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
  static void score_tile(TileType type, const ScoreTile& tile) { avx512::score_tile(type, tile); }
  static void accumulate_tile(TileType type, const ValueTile& tile) {
    avx512::accumulate_tile(type, tile);
  }

  static void transpose_rows(const float* const (&from)[kPackRows], int64_t count, float* to) {
    for (int64_t d = 0; d < count; d += 8) {
      const auto mask = static_cast<__mmask8>(first_lanes(avx512::smaller(8, count - d)));
      __m256 eight[kPackRows];
#pragma GCC unroll 8
      for (int64_t r = 0; r < kPackRows; ++r) eight[r] = _mm256_maskz_loadu_ps(mask, from[r] + d);
      transpose(eight);
#pragma GCC unroll 8
      for (int64_t i = 0; i < 8; ++i) _mm256_storeu_ps(to + (d + i) * kPackRows, eight[i]);
    }
  }

  static void widen(KvType type, const uint8_t* from, int64_t count, float* to) {
    avx512::widen(type, from, count, to);
  }

  static void soft_cap(float* scores, float cap, int64_t count) {
    avx512::soft_cap(scores, cap, count);
  }

  static float largest(const float* scores, int64_t blocks) {
    const __m512 lowest = _mm512_set1_ps(-__builtin_inff());
    __m512 most[2] = {lowest, lowest};
    // The second operand is the result where a score is NaN.
    for (int64_t b = 0; b + 1 < blocks; b += 2) {
      const float* two = scores + b * kKvBlockPositions;
      most[0] = _mm512_max_ps(_mm512_loadu_ps(two), most[0]);
      most[1] = _mm512_max_ps(_mm512_loadu_ps(two + kKvBlockPositions), most[1]);
    }
    const __m512 last = _mm512_loadu_ps(scores + (blocks - 1) * kKvBlockPositions);
    return _mm512_reduce_max_ps(_mm512_max_ps(_mm512_max_ps(last, most[0]), most[1]));
  }

  template <bool kScaled, typename Scales>
  static float weigh(float* scores, int64_t blocks, float maximum, const Scales& scales) {
    const __m512 maximums = _mm512_set1_ps(maximum);
    __m512 sum = _mm512_setzero_ps();
    for (int64_t b = 0; b < blocks; ++b, scores += kKvBlockPositions) {
      __m512 weight = avx512::exponential(_mm512_sub_ps(_mm512_loadu_ps(scores), maximums));
      sum = _mm512_add_ps(sum, weight);
      if constexpr (kScaled) weight = _mm512_mul_ps(weight, _mm512_loadu_ps(scales(b)));
      _mm512_storeu_ps(scores, weight);
    }
    return sum_lanes(sum);
  }

  static void merge(float* to, float x, const float* from, float y, int64_t count) {
    for (int64_t d = 0; d < count; d += 16) {
      const __m512 added = _mm512_mul_ps(_mm512_loadu_ps(from + d), _mm512_set1_ps(y));
      _mm512_storeu_ps(to + d, _mm512_fmadd_ps(_mm512_loadu_ps(to + d), _mm512_set1_ps(x), added));
    }
  }

  static void divide(const float* totals, float sum, float* output, int64_t count) {
    const __m512 sums = _mm512_set1_ps(sum);
    for (int64_t d = 0; d < count; d += 16) {
      store_lanes(output + d, count - d, _mm512_div_ps(_mm512_loadu_ps(totals + d), sums));
    }
  }
};

}  // namespace

void attention(const AttentionTask& task) { walk_attention<AttentionUnit>(task); }

}  // namespace sparkllama::avx512
