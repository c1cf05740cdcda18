// Multiplies weights with blocks of 32 columns: a tile, and the choice of its type.
//
// V is a vector unit as cpu/kernels/panel_product.h describes it.
#pragma once

#include "cpu/kernels/panel_codes.h"
#include "cpu/kernels/panel_product.h"

namespace sparkllama {
namespace {

// Types of 32 columns.
template <typename V, TensorType kType, int kRows>
struct Block32Tile {
  using Codes = PanelCodes<V, kType>;
  static constexpr RecordLayout kRecord = record_layout(kType);
  static constexpr int kVectors = V::kPanels * V::kVectors;
  using Sums = TileSums<V, kRows, kVectors>;

  // Block kBlock of the record at `records`.
  template <int kBlock>
  static inline __attribute__((always_inline)) void add_block(
      const uint8_t* const (&records)[V::kPanels], const int8_t* x, const float* scales,
      const int32_t* sums, Sums& tile) {
    const uint8_t* codes[kVectors];
    const uint8_t* high[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      const uint8_t* record = records[v / V::kVectors];
      const int part = v % V::kVectors * Codes::kVectorBytes;
      codes[v] = record + kBlock * kRecord.code_bytes + part;
      high[v] = record + kRecord.high_at + kBlock * kRecord.high_bytes + part;
    }
    typename V::Int dots[kRows][kVectors];
#pragma GCC unroll 8
    for (int t = 0; t < kRows; ++t) {
      const typename V::Int begin = Codes::begin(sums + t);
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) dots[t][v] = begin;
    }
    add_steps<V, Codes, kRows, kVectors, 0, 8>(codes, high, x, dots);
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      const uint8_t* record = records[v / V::kVectors];
      const int part = v % V::kVectors * (32 / V::kVectors);
      const typename V::Float weight_scales =
          V::load_halves(record + kRecord.scales_at + kBlock * 32 + part);
#pragma GCC unroll 8
      for (int t = 0; t < kRows; ++t) {
        const typename V::Float scale = V::broadcast_float(scales + t);
        tile.acc[t][v] =
            V::fma(V::to_float(dots[t][v]), V::multiply(weight_scales, scale), tile.acc[t][v]);
        if constexpr (Codes::kMinimum) {
          const typename V::Float minimums =
              V::load_halves(record + kRecord.minimums_at + kBlock * 32 + part);
          const typename V::Float sum = V::to_float(V::broadcast(sums + t));
          tile.acc[t][v] = V::fma(sum, V::multiply(minimums, scale), tile.acc[t][v]);
        }
      }
    }
  }

  static void multiply(const ProductTile& tile) {
    const Activations& a = *tile.activations;
    const int64_t blocks = tile.columns / 32;
    const int64_t row_bytes = tile_row_bytes(tile.columns);
    const int8_t* x = a.codes + tile.first_row * row_bytes + tile.first_block * 32 * kRows;
    const float* scales = a.scales + tile.first_row * blocks + tile.first_block * kRows;
    const int32_t* sums = a.sums + tile.first_row * blocks + tile.first_block * kRows;
    const uint8_t* records[V::kPanels];
    for (int p = 0; p < V::kPanels; ++p) records[p] = tile.panels[p];
    Sums acc;
    acc.load(tile, tile.first_block == 0);
    int64_t b = tile.first_block;
    for (; b + 2 <= tile.end_block; b += 2) {
      add_block<0>(records, x, scales, sums, acc);
      add_block<1>(records, x + 32, scales + kRows, sums + kRows, acc);
      fetch_next_tile<V, kRows>(x, row_bytes);
      x += kTileColumns * kRows;
      scales += 2 * kRows;
      sums += 2 * kRows;
#pragma GCC unroll 2
      for (int p = 0; p < V::kPanels; ++p) {
        fetch_ahead<V>(tile, records[p]);
        records[p] += kRecord.bytes;
      }
    }
    if (b < tile.end_block) add_block<0>(records, x, scales, sums, acc);
    acc.store(tile);
  }
};

template <typename V>
void multiply_block32(const ProductTask& task) {
  switch (task.weights.type) {
    case TensorType::kQ4_0:
      return multiply_panels<V, Block32Tile, TensorType::kQ4_0>(task);
    case TensorType::kQ4_1:
      return multiply_panels<V, Block32Tile, TensorType::kQ4_1>(task);
    case TensorType::kQ5_0:
      return multiply_panels<V, Block32Tile, TensorType::kQ5_0>(task);
    case TensorType::kQ5_1:
      return multiply_panels<V, Block32Tile, TensorType::kQ5_1>(task);
    case TensorType::kQ8_0:
      return multiply_panels<V, Block32Tile, TensorType::kQ8_0>(task);
    case TensorType::kIQ4_NL:
      return multiply_panels<V, Block32Tile, TensorType::kIQ4_NL>(task);
    default:
      return;
  }
}

}  // namespace
}  // namespace sparkllama
