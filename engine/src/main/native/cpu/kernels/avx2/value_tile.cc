// Multiplies weights with blocks of values: lanes are elements, weights are broadcast.

#include "cpu/kernels/avx2/attention_tile.h"
#include "cpu/kernels/avx2/kv_parts.h"

namespace sparkllama::avx2 {
namespace {

constexpr int kMostRows = 4;  // that the registers have room for

struct KvWidened : KvFloat32 {};

template <typename Kv>
constexpr bool kFetchAhead = true;
template <>
constexpr bool kFetchAhead<KvWidened> = false;

// Vectors of columns that are summed at once: enough sums to hide the latency of a multiply-add.
constexpr int vectors_at_once(int rows) { return rows == 1 ? 8 : rows == 2 ? 4 : 2; }

// kVectors vectors of columns from `column` on.
template <typename Kv, int kRows, int kVectors>
void accumulate_columns(const ValueTile& tile, int64_t column) {
  __m256 sums[kRows][kVectors];
  float* accumulators = tile.accumulators + column;
#pragma GCC unroll 4
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      sums[r][v] = _mm256_loadu_ps(accumulators + r * tile.columns + 8 * v);
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
      if constexpr (kFetchAhead<Kv>) {
#pragma GCC unroll 4
        for (int64_t i = 0; i < 8 * kVectors * Kv::kSize; i += 64) {
          _mm_prefetch(ahead + element * Kv::kSize + i, _MM_HINT_T0);
        }
      }
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) {
        const __m256 value = Kv::load(values, element + 8 * v);
#pragma GCC unroll 4
        for (int r = 0; r < kRows; ++r) {
          const __m256 w = _mm256_broadcast_ss(weight + r * kWeightStride);
          sums[r][v] = _mm256_fmadd_ps(w, value, sums[r][v]);
        }
      }
    }
  }
#pragma GCC unroll 4
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      _mm256_storeu_ps(accumulators + r * tile.columns + 8 * v, sums[r][v]);
    }
  }
}

// All columns from `column` on, as many at once as there are left: columns are a multiple of 16.
template <typename Kv, int kRows, int kVectors>
void accumulate_from(const ValueTile& tile, int64_t column) {
  for (; column + 8 * kVectors <= tile.columns; column += 8 * kVectors) {
    accumulate_columns<Kv, kRows, kVectors>(tile, column);
  }
  if constexpr (kVectors > 2) accumulate_from<Kv, kRows, kVectors / 2>(tile, column);
}

template <typename Kv, int kRows>
void accumulate_rows(const ValueTile& tile) {
  accumulate_from<Kv, kRows, vectors_at_once(kRows)>(tile, 0);
}

using Accumulate = void (*)(const ValueTile&);

template <typename Kv>
constexpr Accumulate kAccumulates[kMostRows] = {accumulate_rows<Kv, 1>, accumulate_rows<Kv, 2>,
                                                accumulate_rows<Kv, 3>, accumulate_rows<Kv, 4>};

template <typename Kv>
void accumulate_pack(ValueTile tile) {
  for (int64_t rows = tile.rows; rows > 0; rows -= kMostRows) {
    kAccumulates<Kv>[smaller(rows, kMostRows) - 1](tile);
    tile.weights += kMostRows * kWeightStride;
    tile.accumulators += kMostRows * tile.columns;
  }
}

}  // namespace

void accumulate_tile(TileType type, const ValueTile& tile) {
  switch (type) {
    case TileType::kFloat32:
      return accumulate_pack<KvFloat32>(tile);
    case TileType::kFloat16:
      return accumulate_pack<KvFloat16>(tile);
    case TileType::kInt8:
      return accumulate_pack<KvInt8>(tile);
    case TileType::kWidened:
      return accumulate_pack<KvWidened>(tile);
  }
}

}  // namespace sparkllama::avx2
