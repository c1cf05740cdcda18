// Multiplies a pack of weights with blocks of values: lanes are elements, weights are broadcast.

#include "cpu/kernels/avx512/attention_tile.h"
#include "cpu/kernels/avx512/kv_parts.h"

namespace sparkllama::avx512 {
namespace {

struct KvWidened : KvFloat32 {};

template <typename Kv>
constexpr bool kFetchAhead = true;
template <>
constexpr bool kFetchAhead<KvWidened> = false;

// Vectors of columns that are summed at once: enough sums to hide the latency of a multiply-add.
constexpr int vectors_at_once(int rows) { return rows <= 2 ? 8 : rows <= 4 ? 4 : 2; }

// kVectors vectors of columns from `column` on.
template <typename Kv, int kRows, int kVectors>
void accumulate_columns(const ValueTile& tile, int64_t column) {
  __m512 sums[kRows][kVectors];
  float* accumulators = tile.accumulators + column;
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      sums[r][v] = _mm512_loadu_ps(accumulators + r * tile.columns + 16 * v);
    }
  }
  for (int64_t p = tile.begin; p < tile.end;) {
    const int64_t block = p / kKvBlockPositions;
    const int64_t block_end = smaller((block + 1) * kKvBlockPositions, tile.end);
    const uint8_t* values = tile.values[block];
    [[maybe_unused]] const uint8_t* ahead = tile.ahead[block];
    int64_t element = p % kKvBlockPositions * tile.columns + column;
    for (; p < block_end; ++p, element += tile.columns) {
      const float* weight = tile.weights + p;
      __m512 value[kVectors];
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) value[v] = Kv::load(values, element + 16 * v);
      if constexpr (kFetchAhead<Kv>) {
#pragma GCC unroll 8
        for (int64_t i = 0; i < 16 * kVectors * Kv::kSize; i += 64) {
          _mm_prefetch(ahead + element * Kv::kSize + i, _MM_HINT_T0);
        }
      }
#pragma GCC unroll 8
      for (int r = 0; r < kRows; ++r) {
        const __m512 w = _mm512_set1_ps(weight[r * kWeightStride]);
#pragma GCC unroll 8
        for (int v = 0; v < kVectors; ++v) sums[r][v] = _mm512_fmadd_ps(w, value[v], sums[r][v]);
      }
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      _mm512_storeu_ps(accumulators + r * tile.columns + 16 * v, sums[r][v]);
    }
  }
}

// All columns from `column` on, as many at once as there are left.
template <typename Kv, int kRows, int kVectors>
void accumulate_from(const ValueTile& tile, int64_t column) {
  for (; column + 16 * kVectors <= tile.columns; column += 16 * kVectors) {
    accumulate_columns<Kv, kRows, kVectors>(tile, column);
  }
  if constexpr (kVectors > 1) accumulate_from<Kv, kRows, kVectors / 2>(tile, column);
}

template <typename Kv, int kRows>
void accumulate_rows(const ValueTile& tile) {
  accumulate_from<Kv, kRows, vectors_at_once(kRows)>(tile, 0);
}

using Accumulate = void (*)(const ValueTile&);

template <typename Kv>
constexpr Accumulate kAccumulates[kPackRows] = {
    accumulate_rows<Kv, 1>, accumulate_rows<Kv, 2>, accumulate_rows<Kv, 3>, accumulate_rows<Kv, 4>,
    accumulate_rows<Kv, 5>, accumulate_rows<Kv, 6>, accumulate_rows<Kv, 7>, accumulate_rows<Kv, 8>};

}  // namespace

void accumulate_tile(TileType type, const ValueTile& tile) {
  switch (type) {
    case TileType::kFloat32:
      return kAccumulates<KvFloat32>[tile.rows - 1](tile);
    case TileType::kFloat16:
      return kAccumulates<KvFloat16>[tile.rows - 1](tile);
    case TileType::kInt8:
      return kAccumulates<KvInt8>[tile.rows - 1](tile);
    case TileType::kWidened:
      return kAccumulates<KvWidened>[tile.rows - 1](tile);
  }
}

}  // namespace sparkllama::avx512
