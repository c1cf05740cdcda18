// Multiplies weights with blocks of 256 columns: a tile, and the choice of its type.
//
// V is a vector unit as cpu/kernels/panel_product.h describes it.
#pragma once

#include "cpu/kernels/panel_codes.h"
#include "cpu/kernels/panel_product.h"

namespace sparkllama {
namespace {

// Where the activations of one block of a tile begin.
template <int kRows>
struct BlockActivations {
  const int8_t* x;
  const float* scales;
  const int32_t* sums;
  const int16_t* sums32;
  const uint8_t* loud;

  inline __attribute__((always_inline)) BlockActivations(const Activations& a, int64_t first_row,
                                                         int64_t block) {
    const int64_t at = first_row * (a.columns / 256) + block * kRows;
    x = a.codes + at * 256;
    scales = a.scales + at;
    sums = a.sums + at * 16;
    sums32 = a.sums32 + at * 8;
    loud = a.loud + at;
  }
};

// What follows the integer sums of a block.
template <typename V, TensorType kType, int kRows>
struct Block256End {
  static constexpr RecordLayout kRecord = record_layout(kType);
  static constexpr int kVectors = V::kPanels * V::kVectors;
  static constexpr int kLanes = 16 / V::kVectors;
  using Int = typename V::Int;

  // The sum of sub-minimums times sums of activations.
  static inline __attribute__((always_inline)) Int minima(const uint8_t* record, int vector,
                                                          const int32_t* sums,
                                                          const int16_t* sums32) {
    Int total = V::zero();
    if constexpr (kType == TensorType::kQ2_K) {
      const uint8_t* subs = record + kRecord.subs_at + vector * kLanes;
#pragma GCC unroll 16
      for (int s = 0; s < 16; ++s) {
        total = V::add(
            total, V::multiply(V::widen_high_half(subs + 16 * s), V::broadcast(sums + s * kRows)));
      }
    } else {
      const uint8_t* pairs = record + kRecord.sub_minimums_at + 2 * vector * kLanes;
#pragma GCC unroll 4
      for (int j = 0; j < 4; ++j) {
        total = V::dot_shorts(total, V::widen_pairs(pairs + 32 * j),
                              V::broadcast(sums32 + 2 * j * kRows));
      }
    }
    return total;
  }

  // Adds the block's sums to the tile's.
  static inline __attribute__((always_inline)) void add(const uint8_t* const (&records)[kVectors],
                                                        const BlockActivations<kRows>& activations,
                                                        const Int (&dots)[kRows][kVectors],
                                                        TileSums<V, kRows, kVectors>& tile) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      const int vector = v % V::kVectors;
      const typename V::Float weight_scales =
          V::load_halves(records[v] + kRecord.scales_at + 2 * vector * kLanes);
#pragma GCC unroll 8
      for (int t = 0; t < kRows; ++t) {
        const typename V::Float scale = V::broadcast_float(activations.scales + t);
        tile.acc[t][v] =
            V::fma(V::to_float(dots[t][v]), V::multiply(weight_scales, scale), tile.acc[t][v]);
        if constexpr (kRecord.minimum_bytes > 0) {
          const typename V::Float minimums = V::multiply(
              V::load_halves(records[v] + kRecord.minimums_at + 2 * vector * kLanes), scale);
          const Int sum =
              minima(records[v], vector, activations.sums + t, activations.sums32 + 2 * t);
          tile.acc[t][v] = V::fnma(V::to_float(sum), minimums, tile.acc[t][v]);
        }
      }
    }
  }
};

// Types of 256 columns.
template <typename V, TensorType kType, int kRows>
struct Block256Tile {
  using Codes = PanelCodes<V, kType>;
  static constexpr RecordLayout kRecord = record_layout(kType);
  static constexpr int kVectors = V::kPanels * V::kVectors;
  static constexpr int kLanes = 16 / V::kVectors;
  using Sums = TileSums<V, kRows, kVectors>;
  using Int = typename V::Int;

  static inline __attribute__((always_inline)) Int sub_scale(const uint8_t* subs) {
    return kType == TensorType::kQ2_K ? V::widen_low_half(subs) : V::widen_signed(subs);
  }

  // Adds sub-blocks of 16 or 32 columns: half kHalf of the group, or the whole of it.
  template <int kBegin, int kEnd>
  static inline __attribute__((always_inline)) void add_sub(const uint8_t* const (&codes)[kVectors],
                                                            const uint8_t* const (&high)[kVectors],
                                                            const uint8_t* const (&subs)[kVectors],
                                                            const int8_t* x, const int32_t* sums,
                                                            Int (&dots)[kRows][kVectors]) {
    Int sub_dots[kRows][kVectors];
#pragma GCC unroll 8
    for (int t = 0; t < kRows; ++t) {
      Int begin = Codes::begin(sums + t);
      if constexpr (kEnd - kBegin == 8 && Codes::kOffsetBySums) {
        begin = V::add(begin, Codes::begin(sums + kRows + t));
      }
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) sub_dots[t][v] = begin;
    }
    add_steps<V, Codes, kRows, kVectors, kBegin, kEnd>(codes, high, x, sub_dots);
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      const Int scale = sub_scale(subs[v]);
#pragma GCC unroll 8
      for (int t = 0; t < kRows; ++t) {
        dots[t][v] = V::add(dots[t][v], V::multiply(sub_dots[t][v], scale));
      }
    }
  }

  static void multiply(const ProductTile& tile) {
    const Activations& a = *tile.activations;
    Sums acc;
    acc.load(tile, tile.first_block == 0);
    for (int64_t b = tile.first_block; b < tile.end_block; ++b) {
      const BlockActivations<kRows> activations(a, tile.first_row, b);
      const int8_t* x = activations.x;
      const int32_t* sums = activations.sums;
      const uint8_t* records[kVectors];
      const uint8_t* codes[kVectors];
      const uint8_t* high[kVectors];
      const uint8_t* subs[kVectors];
      Int dots[kRows][kVectors];
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        records[v] = tile.panels[v / V::kVectors] + (b - tile.first_block) * kRecord.bytes;
        codes[v] = records[v] + v % V::kVectors * Codes::kVectorBytes;
        high[v] = codes[v] + kRecord.high_at;
        subs[v] = records[v] + kRecord.subs_at + v % V::kVectors * kLanes;
#pragma GCC unroll 8
        for (int t = 0; t < kRows; ++t) dots[t][v] = V::zero();
      }
#pragma GCC unroll 2
      for (int p = 0; p < V::kPanels; ++p) fetch_ahead<V>(tile, records[p * V::kVectors]);
      for (int g = 0; g < 8; ++g) {
        if constexpr (kRecord.subs == 16) {
          add_sub<0, 4>(codes, high, subs, x, sums, dots);
#pragma GCC unroll 4
          for (int v = 0; v < kVectors; ++v) subs[v] += 16;
          add_sub<4, 8>(codes, high, subs, x, sums + kRows, dots);
        } else {
          add_sub<0, 8>(codes, high, subs, x, sums, dots);
        }
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) {
          codes[v] += Codes::kCodeBytes;
          high[v] += Codes::kHighBytes;
          subs[v] += 16;
        }
        if (g % 2 == 0) fetch_next_tile<V, kRows>(x, tile.columns);
        x += g % 2 == 0 ? 32 : kTileColumns * kRows - 32;
        sums += 2 * kRows;
      }
      Block256End<V, kType, kRows>::add(records, activations, dots, acc);
    }
    acc.store(tile);
  }
};

template <typename V>
void multiply_block256(const ProductTask& task) {
  switch (task.weights.type) {
    case TensorType::kQ2_K:
      return multiply_panels<V, Block256Tile, TensorType::kQ2_K>(task);
    case TensorType::kQ3_K:
      return multiply_panels<V, Block256Tile, TensorType::kQ3_K>(task);
    case TensorType::kQ4_K:
      return multiply_panels<V, Block256Tile, TensorType::kQ4_K>(task);
    case TensorType::kQ5_K:
      return multiply_panels<V, Block256Tile, TensorType::kQ5_K>(task);
    case TensorType::kQ6_K:
      return multiply_panels<V, Block256Tile, TensorType::kQ6_K>(task);
    case TensorType::kIQ4_XS:
      return multiply_panels<V, Block256Tile, TensorType::kIQ4_XS>(task);
    default:
      return;
  }
}

}  // namespace
}  // namespace sparkllama
