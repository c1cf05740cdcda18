// Reads what a lane needs of placed weights out of a record in shared memory.
#pragma once

#include "cuda/kernels/product_grid.h"

namespace sparkllama::cuda {

// What outputs of a lane have in a product's result: of rows g and g + 8 of a panel, and of rows
// 2 t and 2 t + 1 of a tile, results 0 to 3 being (g, 2 t), (g, 2 t + 1), (g + 8, 2 t), ...
struct LanePlace {
  int lane;
  int upper_row;   // g
  int first_pair;  // t

  __device__ LanePlace()
      : lane(static_cast<int>(threadIdx.x) % kWarpSize),
        upper_row(lane / 4),
        first_pair(lane % 4) {}
};

// Two halves: of row g, and of row g + 8.
struct RowPair {
  float values[2];
};

__device__ inline RowPair load_halves(const std::byte* from) {
  const uint32_t word = load_words<1>(from).words[0];
  return {
      {widened(static_cast<uint16_t>(word & 0xffffu)), widened(static_cast<uint16_t>(word >> 16))}};
}

// Two floats: of rows 2 t and 2 t + 1 of a tile.
__device__ inline RowPair load_floats(const std::byte* from) {
  const Words<2> words = load_words<2>(from);
  return {{float_of(words.words[0]), float_of(words.words[1])}};
}

// Codes as multiply_codes takes them. Signed codes of 4 bits are left in the high halves of bytes,
// so that they are 16 times too large.
template <TensorType kType>
struct CodeFragments {
  static constexpr PlacedLayout kLayout = placed_layout(kType);
  static constexpr bool kTimes16 = kLayout.code_bits == 4 && kLayout.signed_codes;
  static constexpr CodeSign kSign = kLayout.signed_codes ? CodeSign::kSigned : CodeSign::kUnsigned;

  // Block `block` of 32 columns of the record of a panel.
  __device__ static void load(const std::byte* record, int block, int lane, uint32_t (&a)[4]) {
    const int piece = kLayout.code_bits == 8 ? block : block / 2;
    const Words<4> words = load_words<4>(record + piece * 512 + lane * 16);
    SPARKLLAMA_UNROLL
    for (int i = 0; i < 4; ++i) {
      const uint32_t word = words.words[i];
      if constexpr (kLayout.code_bits == 8) {
        a[i] = word;
      } else if constexpr (kTimes16) {
        a[i] = (block % 2 == 0 ? word << 4 : word) & 0xf0f0f0f0u;
      } else {
        a[i] = (block % 2 == 0 ? word : word >> 4) & 0x0f0f0f0fu;
      }
    }
  }
};

}  // namespace sparkllama::cuda
