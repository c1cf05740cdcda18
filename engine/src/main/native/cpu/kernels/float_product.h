// Multiplies weights of the float types: a tile, and the choice of its type.
//
// V is a vector unit as cpu/kernels/panel_product.h describes it.
#pragma once

#include "cpu/kernels/panel_product.h"

namespace sparkllama {
namespace {

// The float types: a record is one column.
template <typename V, TensorType kType, int kRows>
struct FloatTile {
  static constexpr RecordLayout kRecord = record_layout(kType);
  static constexpr int kVectors = V::kPanels * V::kVectors;

  static inline __attribute__((always_inline)) typename V::Float load(const uint8_t* from) {
    if constexpr (kType == TensorType::kF32) {
      return V::load_floats(from);
    } else if constexpr (kType == TensorType::kF16) {
      return V::load_halves(from);
    } else {
      return V::load_bfloats(from);
    }
  }

  static void multiply(const ProductTile& tile) {
    TileSums<V, kRows, kVectors> acc;
    acc.load(tile, tile.first_block == 0);
    const float* x = tile.activations->values + tile.first_row * tile.columns;
    const uint8_t* columns[kVectors];
    for (int v = 0; v < kVectors; ++v) {
      columns[v] = tile.panels[v / V::kVectors] + v % V::kVectors * (kRecord.bytes / V::kVectors);
    }
    for (int64_t k = tile.first_block; k < tile.end_block; ++k) {
      typename V::Float weights[kVectors];
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        weights[v] = load(columns[v]);
        columns[v] += kRecord.bytes;
      }
#pragma GCC unroll 8
      for (int t = 0; t < kRows; ++t) {
        const typename V::Float value = V::broadcast_float(x + t * tile.columns + k);
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) {
          acc.acc[t][v] = V::fma(weights[v], value, acc.acc[t][v]);
        }
      }
    }
    acc.store(tile);
  }
};

template <typename V>
void multiply_floats(const ProductTask& task) {
  switch (task.weights.type) {
    case TensorType::kF32:
      return multiply_panels<V, FloatTile, TensorType::kF32>(task);
    case TensorType::kF16:
      return multiply_panels<V, FloatTile, TensorType::kF16>(task);
    case TensorType::kBF16:
      return multiply_panels<V, FloatTile, TensorType::kBF16>(task);
    default:
      return;
  }
}

}  // namespace
}  // namespace sparkllama
