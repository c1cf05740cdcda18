// Multiplies queries with blocks of keys: lanes are positions, queries are broadcast.

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

// Blocks that are multiplied at once: enough sums to hide the latency of a multiply-add.
constexpr int blocks_at_once(int rows) { return rows == 1 ? 4 : rows == 2 ? 2 : 1; }

// The blocks from `first` on, kBlocks of them; those beyond the tile repeat its last.
template <typename Kv, int kRows, int kBlocks>
void score_blocks(const ScoreTile& tile, int64_t first) {
  const uint8_t* keys[kBlocks];
  const uint8_t* ahead[kBlocks];
  for (int b = 0; b < kBlocks; ++b) {
    const int64_t block = smaller(first + b, tile.blocks - 1);
    keys[b] = tile.keys[block];
    ahead[b] = tile.ahead[block];
  }
  constexpr int kVectors = 2 * kBlocks;
  __m256 dots[kRows][kVectors];
#pragma GCC unroll 4
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) dots[r][v] = _mm256_setzero_ps();
  }
  const float* query = tile.queries;
  for (int64_t d = 0; d < tile.head_dim; ++d, query += kPackRows) {
    __m256 key[kVectors];
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      key[v] = Kv::load(keys[v / 2], d * kKvBlockPositions + v % 2 * 8);
      if constexpr (kFetchAhead<Kv>) {
        if (v % 2 == 0) {
          _mm_prefetch(ahead[v / 2] + d * kKvBlockPositions * Kv::kSize, _MM_HINT_T0);
        }
      }
    }
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) {
      const __m256 q = _mm256_broadcast_ss(query + r);
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) dots[r][v] = _mm256_fmadd_ps(q, key[v], dots[r][v]);
    }
  }
  const __m256 scale = _mm256_set1_ps(tile.scale);
#pragma GCC unroll 8
  for (int v = 0; v < kVectors; ++v) {
    const int64_t block = first + v / 2;
    if (block >= tile.blocks) continue;
    const float* scales = tile.scales[block];
    float* to = tile.scores + block * kKvBlockPositions + v % 2 * 8;
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) {
      __m256 dot = dots[r][v];
      if (scales != nullptr) dot = _mm256_mul_ps(dot, _mm256_loadu_ps(scales + v % 2 * 8));
      _mm256_storeu_ps(to + r * kWeightStride, _mm256_mul_ps(dot, scale));
    }
  }
}

template <typename Kv, int kRows>
void score_rows(const ScoreTile& tile) {
  constexpr int kBlocks = blocks_at_once(kRows);
  for (int64_t first = 0; first < tile.blocks; first += kBlocks) {
    score_blocks<Kv, kRows, kBlocks>(tile, first);
  }
}

using Score = void (*)(const ScoreTile&);

template <typename Kv>
constexpr Score kScores[kMostRows] = {score_rows<Kv, 1>, score_rows<Kv, 2>, score_rows<Kv, 3>,
                                      score_rows<Kv, 4>};

template <typename Kv>
void score_pack(ScoreTile tile) {
  for (int64_t rows = tile.rows; rows > 0; rows -= kMostRows) {
    kScores<Kv>[smaller(rows, kMostRows) - 1](tile);
    tile.queries += kMostRows;
    tile.scores += kMostRows * kWeightStride;
  }
}

}  // namespace

void score_tile(TileType type, const ScoreTile& tile) {
  switch (type) {
    case TileType::kFloat32:
      return score_pack<KvFloat32>(tile);
    case TileType::kFloat16:
      return score_pack<KvFloat16>(tile);
    case TileType::kInt8:
      return score_pack<KvInt8>(tile);
    case TileType::kWidened:
      return score_pack<KvWidened>(tile);
  }
}

}  // namespace sparkllama::avx2
