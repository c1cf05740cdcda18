// Reads and multiplies the codes of packed weights.
//
// V is a vector unit as cpu/kernels/panel_product.h describes it.
#pragma once

#include "ops/activation_tiles.h"
#include "tensor/packed_layout.h"

namespace sparkllama {
namespace {

// What is added to a code in the packed layout.
constexpr int code_offset(TensorType type) {
  switch (type) {
    case TensorType::kQ4_0:
      return 8;
    case TensorType::kQ5_0:
      return 16;
    case TensorType::kQ3_K:
      return 4;
    case TensorType::kQ6_K:
      return 32;
    case TensorType::kQ8_0:
    case TensorType::kIQ4_NL:
    case TensorType::kIQ4_XS:
      return 128;
    default:
      return 0;
  }
}

// Base-two logarithm of a power of two.
constexpr int log2_of(int power) { return power == 1 ? 0 : 1 + log2_of(power / 2); }

// Reads and multiplies the codes of one type.
template <typename V, TensorType kType>
struct PanelCodes {
  using Int = typename V::Int;
  static constexpr RecordLayout kRecord = record_layout(kType);
  static constexpr int kOffset = code_offset(kType);
  static constexpr bool kWide = kOffset == 128;
  // Whether the offset is taken from the sums of activations.
  static constexpr bool kOffsetBySums = kOffset != 0 && !(kWide && V::kSubtractsOffset);
  static constexpr bool kTable = kType == TensorType::kIQ4_NL || kType == TensorType::kIQ4_XS;
  static constexpr bool kMinimum = kRecord.minimum_bytes > 0;
  static constexpr int kVectorBytes = 64 / V::kVectors;

  // Bytes of 8 steps.
  static constexpr int kCodeBytes = 64 * kRecord.code_bits;
  static constexpr int kHighBytes = 64 * kRecord.high_bit_count;

  // Step kStep of 8; `codes` and `high` point to the part of the vectors that holds the lanes.
  template <int kStep>
  static inline __attribute__((always_inline)) Int step(const uint8_t* codes, const uint8_t* high) {
    constexpr int kBits = kRecord.code_bits;
    constexpr int kSteps = 8 / kBits;
    const Int vector = V::load(codes + kStep / kSteps * 64);
    Int low = vector;
    if constexpr (kBits < 8) low = V::template low_bits<kBits, kStep % kSteps * kBits>(vector);
    if constexpr (kTable) low = V::table_codes(low);
    if constexpr (kRecord.high_bit_count > 0) {
      constexpr int kHigh = kRecord.high_bit_count;
      constexpr int kHighSteps = 8 / kHigh;
      const Int bits = V::load(high + kStep / kHighSteps * 64);
      low = V::either(low, V::template place_bits<kHigh, kStep % kHighSteps * kHigh, kBits>(bits));
    }
    return low;
  }

  static inline __attribute__((always_inline)) Int dot(Int sum, Int codes, Int activations) {
    if constexpr (kWide) {
      return V::dot_wide(sum, codes, activations);
    } else {
      return V::dot(sum, codes, activations);
    }
  }

  // What a chain of dots begins with, so that it ends without the codes' offset.
  static inline __attribute__((always_inline)) Int begin(const int32_t* sum) {
    if constexpr (kOffsetBySums) {
      return V::subtract(V::zero(), V::template shift_left<log2_of(kOffset)>(V::broadcast(sum)));
    } else {
      return V::zero();
    }
  }
};

// Adds the products of steps [kStep, kEnd) of 8 with the rows of a tile that begins at x. kVectors
// counts those of all panels.
template <typename V, typename Codes, int kRows, int kVectors, int kStep, int kEnd>
inline __attribute__((always_inline)) void add_steps(const uint8_t* const (&codes)[kVectors],
                                                     const uint8_t* const (&high)[kVectors],
                                                     const int8_t* x,
                                                     typename V::Int (&dots)[kRows][kVectors]) {
  typename V::Int weights[kVectors];
#pragma GCC unroll 4
  for (int v = 0; v < kVectors; ++v) {
    weights[v] = Codes::template step<kStep>(codes[v], high[v]);
  }
#pragma GCC unroll 8
  for (int t = 0; t < kRows; ++t) {
    const typename V::Int four = V::broadcast(x + t * kTileColumns + 4 * kStep);
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) dots[t][v] = Codes::dot(dots[t][v], weights[v], four);
  }
  if constexpr (kStep + 1 < kEnd) {
    add_steps<V, Codes, kRows, kVectors, kStep + 1, kEnd>(codes, high, x, dots);
  }
}

}  // namespace
}  // namespace sparkllama
