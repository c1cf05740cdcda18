// Multiplies weights with sub-blocks of 16 columns and codes in two parts, which were unfolded to a
// byte per code before.
//
// Many activation rows meet the same weights: a chunk of panels is unfolded once, into scratch that
// stays in the second cache, and every tile reads it there. Putting bits of codes together, which
// costs as much as a third of the products, is then paid once for all rows.
//
// Two sub-blocks share one chain: with d the sum of one, e of the other, both within 16 bits, a
// lane ends as d * 2^16 + (e + 2^15). Flipping bit 15 makes it the pair (e, d) of 16-bit integers,
// which one instruction multiplies with the pair of sub-scales and adds up. Where a sum could be
// wider (Activations::loud), each sub-block is multiplied by itself: the same integers.
//
// V is a vector unit as cpu/kernels/panel_product.h describes it.
#pragma once

#include "cpu/kernels/block256_product.h"

namespace sparkllama {
namespace {

// An unfolded record: codes [64 steps][64], then pairs of sub-scales [8][16 rows][2], 16-bit
// integers.
struct UnfoldedRecord {
  static constexpr int kCodeBytes = 64 * 64;
  static constexpr int kPairs = 8;
  static constexpr int kBytes = kCodeBytes + kPairs * 64;
};

// Whether the sum of a sub-block fits into 16 bits whatever the activations are: codes of 3 bits.
constexpr bool sums_fit(TensorType type) { return type == TensorType::kQ3_K; }

template <typename V, TensorType kType>
struct Unfolding {
  using Codes = PanelCodes<V, kType>;
  static constexpr RecordLayout kRecord = record_layout(kType);
  static_assert(kRecord.subs == 16);

  template <int kStep>
  static inline __attribute__((always_inline)) void unfold_steps(const uint8_t* codes,
                                                                 const uint8_t* high, uint8_t* to) {
    V::store_codes(to + 64 * kStep, Codes::template step<kStep>(codes, high));
    if constexpr (kStep + 1 < 8) unfold_steps<kStep + 1>(codes, high, to);
  }

  // Unfolds `count` records of one panel.
  static void unfold(const uint8_t* record, int64_t count, uint8_t* to) {
    for (int64_t i = 0; i < count; ++i, record += kRecord.bytes, to += UnfoldedRecord::kBytes) {
      for (int v = 0; v < V::kVectors; ++v) {
        const int part = v * Codes::kVectorBytes;
        for (int g = 0; g < 8; ++g) {
          unfold_steps<0>(record + g * Codes::kCodeBytes + part,
                          record + kRecord.high_at + g * Codes::kHighBytes + part,
                          to + 8 * 64 * g + part);
        }
        const uint8_t* subs = record + kRecord.subs_at + v * (16 / V::kVectors);
        for (int pair = 0; pair < UnfoldedRecord::kPairs; ++pair, subs += 32) {
          V::store_codes(to + UnfoldedRecord::kCodeBytes + 64 * pair + part,
                         V::pair_shorts(V::widen_signed(subs), V::widen_signed(subs + 16)));
        }
      }
    }
  }
};

// What PanelCodes is for packed weights: a step is a vector.
template <typename V, TensorType kType>
struct UnfoldedCodes : PanelCodes<V, kType> {
  template <int kStep>
  static inline __attribute__((always_inline)) typename V::Int step(const uint8_t* codes,
                                                                    const uint8_t*) {
    return V::load(codes + 64 * kStep);
  }
};

template <typename V, TensorType kType, int kRows>
struct UnfoldedTile {
  using Codes = UnfoldedCodes<V, kType>;
  using Int = typename V::Int;
  static constexpr RecordLayout kRecord = record_layout(kType);
  static constexpr int kVectors = V::kPanels * V::kVectors;
  using Pointers = const uint8_t* const (&)[kVectors];

  // Sub-block kSub of a pair, in a chain that goes on.
  template <int kSub>
  static inline __attribute__((always_inline)) void add_sub(Pointers codes, const int8_t* x,
                                                            Int (&chains)[kRows][kVectors]) {
    add_steps<V, Codes, kRows, kVectors, 4 * kSub, 4 * kSub + 4>(codes, codes, x, chains);
  }

  static inline __attribute__((always_inline)) void add_pair(Pointers codes, Pointers scales,
                                                             const int8_t* x, const int32_t* sums,
                                                             Int (&dots)[kRows][kVectors]) {
    Int chains[kRows][kVectors];
#pragma GCC unroll 8
    for (int t = 0; t < kRows; ++t) {
      const Int first = Codes::begin(sums + kRows + t);
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) chains[t][v] = first;
    }
    add_sub<1>(codes, x, chains);
    const Int middle = V::constant(1 << 15);
#pragma GCC unroll 8
    for (int t = 0; t < kRows; ++t) {
      const Int second = V::add(Codes::begin(sums + t), middle);
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        chains[t][v] = V::add(V::template shift_left<16>(chains[t][v]), second);
      }
    }
    add_sub<0>(codes, x, chains);
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      const Int pair = V::load(scales[v]);
#pragma GCC unroll 8
      for (int t = 0; t < kRows; ++t) {
        dots[t][v] = V::dot_shorts(dots[t][v], V::exclusive_or(chains[t][v], middle), pair);
      }
    }
  }

  template <int kSub>
  static inline __attribute__((always_inline)) void add_single(Pointers codes, Pointers scales,
                                                               const int8_t* x, const int32_t* sums,
                                                               Int (&dots)[kRows][kVectors]) {
    Int chains[kRows][kVectors];
#pragma GCC unroll 8
    for (int t = 0; t < kRows; ++t) {
      const Int first = Codes::begin(sums + kSub * kRows + t);
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) chains[t][v] = first;
    }
    add_sub<kSub>(codes, x, chains);
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      Int scale = V::load(scales[v]);
      if constexpr (kSub == 0) scale = V::template shift_left<16>(scale);
      scale = V::template shift_right<16>(scale);
#pragma GCC unroll 8
      for (int t = 0; t < kRows; ++t) {
        dots[t][v] = V::add(dots[t][v], V::multiply(chains[t][v], scale));
      }
    }
  }

  // All pairs of a block.
  template <bool kFit>
  static inline __attribute__((always_inline)) void add_block(
      const ProductTile& tile, int64_t block, const BlockActivations<kRows>& activations,
      Int (&dots)[kRows][kVectors]) {
    const int8_t* x = activations.x;
    const int32_t* sums = activations.sums;
    const uint8_t* codes[kVectors];
    const uint8_t* scales[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      codes[v] = tile.unfolded[v / V::kVectors] + block * UnfoldedRecord::kBytes +
                 v % V::kVectors * Codes::kVectorBytes;
      scales[v] = codes[v] + UnfoldedRecord::kCodeBytes;
    }
    for (int pair = 0; pair < UnfoldedRecord::kPairs; ++pair) {
      if constexpr (kFit) {
        add_pair(codes, scales, x, sums, dots);
      } else {
        add_single<0>(codes, scales, x, sums, dots);
        add_single<1>(codes, scales, x, sums, dots);
      }
      if (pair % 2 == 0) fetch_next_tile<V, kRows>(x, tile.columns);
      x += pair % 2 == 0 ? 32 : kTileColumns * kRows - 32;
      sums += 2 * kRows;
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        codes[v] += 8 * 64;
        scales[v] += 64;
      }
    }
  }

  static bool is_quiet(const BlockActivations<kRows>& activations) {
    uint32_t loud = 0;
    for (int t = 0; t < kRows; ++t) loud |= activations.loud[t];
    return loud == 0;
  }

  static void multiply(const ProductTile& tile) {
    TileSums<V, kRows, kVectors> acc;
    acc.load(tile, tile.first_block == 0);
    for (int64_t b = tile.first_block; b < tile.end_block; ++b) {
      const BlockActivations<kRows> activations(*tile.activations, tile.first_row, b);
      const int64_t block = b - tile.first_block;
      const uint8_t* records[kVectors];
      Int dots[kRows][kVectors];
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        records[v] = tile.panels[v / V::kVectors] + block * kRecord.bytes;
#pragma GCC unroll 8
        for (int t = 0; t < kRows; ++t) dots[t][v] = V::zero();
      }
#pragma GCC unroll 2
      for (int p = 0; p < V::kPanels; ++p) fetch_ahead<V>(tile, records[p * V::kVectors]);
      if (sums_fit(kType) || is_quiet(activations)) {
        add_block<true>(tile, block, activations, dots);
      } else {
        add_block<false>(tile, block, activations, dots);
      }
      Block256End<V, kType, kRows>::add(records, activations, dots, acc);
    }
    acc.store(tile);
  }
};

// Unfolds the panels of a chunk before its tiles are multiplied.
template <typename V, TensorType kType>
struct UnfoldedWeights {
  static constexpr int64_t kBlockBytes = UnfoldedRecord::kBytes;
  uint8_t* memory;  // [kProductScratchBytes]

  void prepare(ProductTile& tile) {
    const int64_t blocks = tile.end_block - tile.first_block;
    for (int p = 0; p < V::kPanels; ++p) {
      tile.unfolded[p] = memory;
      if (tile.outputs[p] == 0) continue;
      uint8_t* to = memory + p * blocks * kBlockBytes;
      Unfolding<V, kType>::unfold(tile.panels[p], blocks, to);
      tile.unfolded[p] = to;
    }
  }
};

template <typename V, TensorType kType>
void multiply_unfolded_panels(const ProductTask& task) {
  UnfoldedWeights<V, kType> weights = {reinterpret_cast<uint8_t*>(task.scratch)};
  multiply_chunks<V, UnfoldedTile, kType>(task, weights);
}

template <typename V>
void multiply_unfolded(const ProductTask& task) {
  switch (task.weights.type) {
    case TensorType::kQ3_K:
      return multiply_unfolded_panels<V, TensorType::kQ3_K>(task);
    case TensorType::kQ6_K:
      return multiply_unfolded_panels<V, TensorType::kQ6_K>(task);
    default:
      return;
  }
}

}  // namespace
}  // namespace sparkllama
