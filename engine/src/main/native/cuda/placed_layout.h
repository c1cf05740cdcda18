// Says where everything of a weight matrix lies on a device: in the order in which the lanes of a
// warp hold the first matrix of multiply_codes.
//
// The 16 rows of a panel (tensor/packed_layout.h) are the 16 rows of that product. A panel is a
// sequence of records along the columns, each one piece of memory that holds all that is needed for
// its columns; panels follow one another. With g a row of the upper half of a panel, g + 8 its
// partner in the lower, and lane 4 g + t, a record of 64 columns (types with blocks of 32) or 256
// (the others) is, in this order:
//
//   codes         8 bits: [blocks of 32][lanes][16]: four words of four codes, word i being row
//                 g + 8 (i % 2), columns 16 (i / 2) + 4 t and the three after it
//                 4 bits: [pairs of blocks][lanes][16]: the same, the first block in the low halves
//                 of bytes, the second in the high halves
//   sub-scales    sub-blocks of 32: [pairs of blocks][8 g][2 subs][2 rows], one byte, signed
//                 sub-blocks of 16: [pairs of blocks][8 g][4 subs][2 rows]
//   sub-minimums  as multiply_codes takes them, the first matrix being 16 rows of 16 sub-blocks:
//                 sub-blocks of 32: [lanes][2 rows][2]: 2 t and the next, each for two sub-blocks
//                 sub-blocks of 16: [lanes][2 rows][4]: 4 t and the next three
//   scales        blocks of 32: [2 blocks][8 g][2 rows], binary16; blocks of 256: [8 g][2 rows]
//   minimums      the same
//
// Codes have their offsets subtracted, or their meaning looked up. Where columns end within a
// record of 64, its second block has scales of zero, and codes of no value. The float types lie as
// they are packed.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/packed_layout.h"

namespace sparkllama::cuda {

// Sizes and offsets in bytes within a record. Parts that a type has not are empty.
struct PlacedLayout {
  int32_t columns;      // of a record; 1 for the float types
  int32_t code_bits;    // 4 or 8
  bool signed_codes;    // of 4 bits; those of 8 always are
  int32_t sub_columns;  // of a sub-block with a scale of its own; 0 for blocks of 32
  bool has_minimum;
  int32_t subs_at;
  int32_t sub_minimums_at;
  int32_t scales_at;
  int32_t minimums_at;
  int32_t bytes;  // of the record, a multiple of 32 but for the float types
};

namespace placed {

enum class Codes { kFourSigned, kFourUnsigned, kEight };

constexpr PlacedLayout quantized(int32_t columns, Codes codes, int32_t sub_columns, bool minimum) {
  PlacedLayout r = {};
  r.columns = columns;
  r.code_bits = codes == Codes::kEight ? 8 : 4;
  r.signed_codes = codes != Codes::kFourUnsigned;
  r.sub_columns = sub_columns;
  r.has_minimum = minimum;
  r.subs_at = columns * 16 * r.code_bits / 8;
  const int32_t sub_bytes = sub_columns == 0 ? 0 : columns / sub_columns * 16;
  r.sub_minimums_at = r.subs_at + sub_bytes;
  r.scales_at = r.sub_minimums_at + (minimum ? sub_bytes : 0);
  const int32_t scale_bytes = columns == 64 ? 64 : 32;
  r.minimums_at = r.scales_at + scale_bytes;
  r.bytes = r.minimums_at + (minimum ? scale_bytes : 0);
  return r;
}

}  // namespace placed

constexpr PlacedLayout placed_layout(TensorType type) {
  using placed::Codes;
  switch (type) {
    case TensorType::kQ4_0:
      return placed::quantized(64, Codes::kFourSigned, 0, false);
    case TensorType::kQ4_1:
      return placed::quantized(64, Codes::kFourUnsigned, 0, true);
    case TensorType::kQ8_0:
    case TensorType::kQ5_0:
    case TensorType::kIQ4_NL:
      return placed::quantized(64, Codes::kEight, 0, false);
    case TensorType::kQ5_1:
      return placed::quantized(64, Codes::kEight, 0, true);
    case TensorType::kQ2_K:
      return placed::quantized(256, Codes::kFourUnsigned, 16, true);
    case TensorType::kQ3_K:
      return placed::quantized(256, Codes::kFourSigned, 16, false);
    case TensorType::kQ4_K:
      return placed::quantized(256, Codes::kFourUnsigned, 32, true);
    case TensorType::kQ5_K:
      return placed::quantized(256, Codes::kEight, 32, true);
    case TensorType::kQ6_K:
      return placed::quantized(256, Codes::kEight, 16, false);
    case TensorType::kIQ4_XS:
      return placed::quantized(256, Codes::kEight, 32, false);
    case TensorType::kF32:
    case TensorType::kF16:
    case TensorType::kBF16:
      break;
  }
  PlacedLayout floats = {};
  floats.columns = 1;
  floats.bytes = record_layout(type).bytes;
  return floats;
}

// The type whose kernels a type takes: those of like layout share theirs.
constexpr TensorType placed_kind(TensorType type) {
  return type == TensorType::kQ5_0 || type == TensorType::kIQ4_NL ? TensorType::kQ8_0 : type;
}

// Bytes of one panel of `columns`, which the type's block divides.
constexpr int64_t placed_panel_bytes(TensorType type, int64_t columns) {
  const PlacedLayout layout = placed_layout(type);
  if (layout.columns == 1) return panel_bytes(type, columns);
  return (columns + layout.columns - 1) / layout.columns * layout.bytes;
}

constexpr int64_t placed_bytes(TensorType type, int64_t rows, int64_t columns) {
  return panel_count(rows) * placed_panel_bytes(type, columns);
}

// Where things stand that belong to a row of the panel and a column of the record.
struct PlacedElement {
  PlacedLayout layout;
  int32_t row;
  int32_t column;

  // The byte that has the code, in its half that high_half() says where codes have 4 bits.
  constexpr int32_t code_at() const {
    const int32_t word = row / 8 + column % 32 / 16 * 2;
    const int32_t lane = row % 8 * 4 + column % 16 / 4;
    const int32_t piece = column / (layout.code_bits == 8 ? 32 : 64);
    return piece * 512 + lane * 16 + word * 4 + column % 4;
  }
  constexpr int32_t high_half() const { return column / 32 % 2; }

  constexpr int32_t sub_scale_at() const {
    const int32_t subs = 64 / layout.sub_columns;
    const int32_t sub = column % 64 / layout.sub_columns;
    return layout.subs_at + ((column / 64 * 8 + row % 8) * subs + sub) * 2 + row / 8;
  }
  constexpr int32_t sub_minimum_at() const {
    const int32_t lane_subs = 64 / layout.sub_columns;
    const int32_t lane = row % 8 * 4 + column / 64;
    const int32_t sub = column % 64 / layout.sub_columns;
    return layout.sub_minimums_at + (lane * 2 + row / 8) * lane_subs + sub;
  }

  // Of the scale's two bytes, and of the minimum's.
  constexpr int32_t scale_at() const { return layout.scales_at + half_offset(); }
  constexpr int32_t minimum_at() const { return layout.minimums_at + half_offset(); }

 private:
  constexpr int32_t half_offset() const {
    const int32_t block = layout.columns == 64 ? column / 32 : 0;
    return ((block * 8 + row % 8) * 2 + row / 8) * 2;
  }
};

}  // namespace sparkllama::cuda
