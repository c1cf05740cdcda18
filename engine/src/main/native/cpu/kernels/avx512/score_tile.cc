// Multiplies a pack of queries with blocks of keys: lanes are positions, queries are broadcast.

#include "cpu/kernels/avx512/attention_tile.h"
#include "cpu/kernels/avx512/kv_parts.h"

namespace sparkllama::avx512 {
namespace {

struct KvWidened : KvFloat32 {};

template <typename Kv>
constexpr bool kFetchAhead = true;
template <>
constexpr bool kFetchAhead<KvWidened> = false;

// Blocks that are multiplied at once: enough sums to hide the latency of a multiply-add.
constexpr int blocks_at_once(int rows) { return rows <= 4 ? 4 : 2; }

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
  __m512 dots[kRows][kBlocks];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
    for (int b = 0; b < kBlocks; ++b) dots[r][b] = _mm512_setzero_ps();
  }
  const float* query = tile.queries;
  for (int64_t d = 0; d < tile.head_dim; ++d, query += kPackRows) {
    __m512 key[kBlocks];
#pragma GCC unroll 8
    for (int b = 0; b < kBlocks; ++b) {
      key[b] = Kv::load(keys[b], d * kKvBlockPositions);
      if constexpr (kFetchAhead<Kv>) {
        _mm_prefetch(ahead[b] + d * kKvBlockPositions * Kv::kSize, _MM_HINT_T0);
      }
    }
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      const __m512 q = _mm512_set1_ps(query[r]);
#pragma GCC unroll 8
      for (int b = 0; b < kBlocks; ++b) dots[r][b] = _mm512_fmadd_ps(q, key[b], dots[r][b]);
    }
  }
  const __m512 scale = _mm512_set1_ps(tile.scale);
#pragma GCC unroll 8
  for (int b = 0; b < kBlocks; ++b) {
    if (first + b >= tile.blocks) continue;
    const float* scales = tile.scales[first + b];
    float* to = tile.scores + (first + b) * kKvBlockPositions;
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      __m512 dot = dots[r][b];
      if (scales != nullptr) dot = _mm512_mul_ps(dot, _mm512_loadu_ps(scales));
      _mm512_storeu_ps(to + r * kWeightStride, _mm512_mul_ps(dot, scale));
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
constexpr Score kScores[kPackRows] = {score_rows<Kv, 1>, score_rows<Kv, 2>, score_rows<Kv, 3>,
                                      score_rows<Kv, 4>, score_rows<Kv, 5>, score_rows<Kv, 6>,
                                      score_rows<Kv, 7>, score_rows<Kv, 8>};

}  // namespace

void score_tile(TileType type, const ScoreTile& tile) {
  switch (type) {
    case TileType::kFloat32:
      return kScores<KvFloat32>[tile.rows - 1](tile);
    case TileType::kFloat16:
      return kScores<KvFloat16>[tile.rows - 1](tile);
    case TileType::kInt8:
      return kScores<KvInt8>[tile.rows - 1](tile);
    case TileType::kWidened:
      return kScores<KvWidened>[tile.rows - 1](tile);
  }
}

}  // namespace sparkllama::avx512
