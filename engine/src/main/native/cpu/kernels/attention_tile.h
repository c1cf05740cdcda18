// Says what the two products of attention work on: tiles of query rows and blocks of the KV cache.
//
// A row is one query head of one token. Up to kPackRows rows go together in a pack, so that an
// element of the cache is loaded once for all of them.
#pragma once

#include <cstdint>

#include "ops/kernel_table.h"

namespace sparkllama {

constexpr int64_t kPackRows = 8;

// Most blocks of a tile: what is fetched ahead fits into the first cache beside what is in use.
constexpr int64_t kTileBlocks = 4;

// Floats from a row's scores or weights to the next row's.
constexpr int64_t kWeightStride = kAttentionSegment + 16;

// scores[r, p] = the chain over d of queries[d, r] * key[d, p], times the key's scale where there
// are scales, times scale.
struct ScoreTile {
  const uint8_t* keys[kTileBlocks];  // per block [head_dim, kKvBlockPositions] of the type
  const float* scales[kTileBlocks];  // per block [kKvBlockPositions], or null
  // What is read next: fetched while this tile is multiplied. Unused where elements are kWidened.
  const uint8_t* ahead[kTileBlocks];
  int64_t blocks;  // at least 1
  int64_t head_dim;
  int64_t rows;          // 1 .. kPackRows
  const float* queries;  // [head_dim, kPackRows]
  float scale;
  float* scores;  // [rows, kWeightStride], from the first block's first position on
};

// Positions [begin, end) of the tile, 0 being the first block's first: accumulators[r, c] goes on
// as the chain over p of weights[r, p] * value[p, c].
struct ValueTile {
  const uint8_t* values[kTileBlocks];  // per block [kKvBlockPositions, columns] of the type
  const uint8_t* ahead[kTileBlocks];   // as in ScoreTile
  int64_t begin;
  int64_t end;
  int64_t columns;       // a multiple of 16
  int64_t rows;          // 1 .. kPackRows
  const float* weights;  // [rows, kWeightStride], from the first block's first position on
  float* accumulators;   // [rows, columns]
};

// What a tile's elements are: those of the cache, for kInt8 the codes; or floats in scratch.
enum class TileType : int32_t { kFloat32 = 0, kFloat16 = 1, kInt8 = 2, kWidened = 3 };

enum class KvSide : int32_t { kKeys = 0, kValues = 1 };

// Bytes of a part before its elements in kInt8: a scale for each position.
constexpr int64_t kKvScaleBytes = kKvBlockPositions * int64_t{sizeof(float)};

// What a head has in a block of the KV cache; every file has its own copy.
static inline uint8_t* kv_part(const KvLayer& kv, int64_t block, KvSide side, int64_t head) {
  const int64_t part = (block * 2 + static_cast<int64_t>(side)) * kv.kv_heads + head;
  return reinterpret_cast<uint8_t*>(kv.data) + part * kv.part_bytes;
}

}  // namespace sparkllama
