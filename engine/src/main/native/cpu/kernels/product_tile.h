// Holds the sums of one tile of a panel product, and says what the tile reads and writes.
//
// V is a vector unit as cpu/kernels/panel_product.h describes it.
#pragma once

#include "cpu/kernels/product_task.h"

namespace sparkllama {
namespace {

// What a tile reads and writes.
struct ProductTile {
  const uint8_t* panels[2];    // at the chunk's first record
  const uint8_t* unfolded[2];  // the same, for kernels that unfold a chunk first
  int64_t columns;             // of the whole matrix
  int64_t first_block;         // of the chunk, even for types of 32 columns
  int64_t end_block;
  const Activations* activations;
  int64_t first_row;
  float* y[2];         // output of the first row and the panel's first output
  int64_t outputs[2];  // of the panel: 16, fewer at the end, 0 where there is no panel
  int64_t y_stride;
  // What is read next lies `ahead` bytes further: this tile fetches these cache lines of each
  // record there.
  int64_t ahead;
  int64_t first_line;
  int64_t end_line;
};

// Fetches into the second cache, for the first has the activations; a single tile's are few.
template <typename V>
inline __attribute__((always_inline)) void fetch_ahead(const ProductTile& tile,
                                                       const uint8_t* record) {
  constexpr int kCache = V::kSingleTile ? 3 : 2;
  for (int64_t line = tile.first_line; line < tile.end_line; ++line) {
    __builtin_prefetch(record + tile.ahead + 64 * line, 0, kCache);
  }
}

// Fetches the activations that the next tile reads where this one reads `x`, kTileColumns of each
// row: a chunk is too short for the processor to foresee them.
template <typename V, int kRows>
inline __attribute__((always_inline)) void fetch_next_tile(const int8_t* x, int64_t row_bytes) {
  if constexpr (V::kSingleTile) return;
#pragma GCC unroll 8
  for (int t = 0; t < kRows; ++t) {
    __builtin_prefetch(x + kRows * row_bytes + t * kTileColumns, 0, 3);
  }
}

// The sums of a tile, kept in y between chunks.
template <typename V, int kRows, int kVectors>
struct TileSums {
  typename V::Float acc[kRows][kVectors];

  static constexpr int kLanes = 16 / V::kVectors;

  inline __attribute__((always_inline)) void load(const ProductTile& tile, bool first) {
#pragma GCC unroll 8
    for (int t = 0; t < kRows; ++t) {
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        const int panel = v / V::kVectors;
        const int lane = v % V::kVectors * kLanes;
        acc[t][v] = first ? V::zero_float()
                          : V::load_float(tile.y[panel] + t * tile.y_stride + lane,
                                          tile.outputs[panel] - lane);
      }
    }
  }

  inline __attribute__((always_inline)) void store(const ProductTile& tile) const {
#pragma GCC unroll 8
    for (int t = 0; t < kRows; ++t) {
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        const int panel = v / V::kVectors;
        const int lane = v % V::kVectors * kLanes;
        V::store(tile.y[panel] + t * tile.y_stride + lane, tile.outputs[panel] - lane, acc[t][v]);
      }
    }
  }
};

}  // namespace
}  // namespace sparkllama
