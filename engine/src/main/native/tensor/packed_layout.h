// Says where everything of a weight matrix lies in the layout that the kernels read.
//
// 16 weight rows (outputs) form a panel. A panel is a sequence of records along the columns; the
// panels of a matrix follow one another, the last filled up with zeros. Every record and every
// panel begins on a border of 64 bytes.
//
// A step is 4 neighbouring columns of the 16 rows: 64 codes, [16 rows][4 columns], which one
// instruction multiplies with 4 activations. A block of 32 columns has 8 steps, one of 256 has 64.
//
// A record of a quantized type holds one block of 256 columns, or two of 32 (the second is zeros
// where the number of blocks is odd), in this order, each part for all its blocks:
//
//   codes         8 bits: [steps][64]
//                 4 bits: [steps / 2][64], low half: step 2 v of vector v, high half: step 2 v + 1
//                 2 bits: [steps / 4][64], bits 2 i: step 4 v + i
//   high bits     1 bit (fifth of 5, third of 3): [steps / 8][64], bit i: step 8 v + i
//                 2 bits (upper of 6): [steps / 4][64], bits 2 i: step 4 v + i
//   sub-scales    [subs][16 rows], one byte each, signed, offsets subtracted; Q2_K: the byte of the
//                 file, low half the sub-scale, high half the sub-minimum
//   sub-minimums  Q4_K, Q5_K: [subs / 2][16 rows][2 subs], one byte each
//   scales        [16 rows], binary16
//   minimums      [16 rows], binary16
//
// Codes are unsigned, as the file has them; Q8_0's have 128 added. The float types have one record
// per column: the 16 rows' elements as the file has them. Nothing is rounded, and the values that
// a matrix means are those of the file, to the bit.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/tensor_type.h"

namespace sparkllama {

// Changes whenever the bytes of a packed matrix do: files packed otherwise are packed again.
constexpr int32_t kPackedLayoutVersion = 1;

constexpr int64_t kPanelRows = 16;
constexpr int64_t kStepColumns = 4;
constexpr int64_t kStepBytes = kPanelRows * kStepColumns;

// Byte sizes and offsets within a record. Parts that a type has not are empty.
struct RecordLayout {
  int32_t block_columns;   // 32 or 256; 1 for the float types
  int32_t blocks;          // in a record
  int32_t code_bits;       // in `codes`: 2, 4 or 8
  int32_t high_bit_count;  // in `high bits`: 0, 1 or 2
  int32_t subs;            // sub-blocks with a scale of their own; 0 for types of 32 columns
  int32_t code_bytes;      // of one block, as are all below
  int32_t high_bytes;
  int32_t minimum_bytes;  // 0 or 32
  int32_t sub_minimum_bytes;
  // Offsets of the parts' first block.
  int32_t high_at;
  int32_t subs_at;
  int32_t sub_minimums_at;
  int32_t scales_at;
  int32_t minimums_at;
  int32_t bytes;  // of the record, a multiple of 64 but for the float types
};

namespace packed {

constexpr RecordLayout quantized(int32_t columns, int32_t code_bits, int32_t high_bit_count,
                                 int32_t subs, bool sub_minimums, bool minimum) {
  RecordLayout r = {};
  r.block_columns = columns;
  r.blocks = columns == 32 ? 2 : 1;
  r.code_bits = code_bits;
  r.high_bit_count = high_bit_count;
  r.subs = subs;
  r.code_bytes = columns * 16 * code_bits / 8;
  r.high_bytes = columns * 16 * high_bit_count / 8;
  r.minimum_bytes = minimum ? 32 : 0;
  r.sub_minimum_bytes = sub_minimums ? subs * 16 : 0;
  r.high_at = r.blocks * r.code_bytes;
  r.subs_at = r.high_at + r.blocks * r.high_bytes;
  r.sub_minimums_at = r.subs_at + subs * 16;
  r.scales_at = r.sub_minimums_at + r.sub_minimum_bytes;
  r.minimums_at = r.scales_at + r.blocks * 32;
  r.bytes = (r.minimums_at + r.blocks * r.minimum_bytes + 63) / 64 * 64;
  return r;
}

constexpr RecordLayout floats(int32_t element_bytes) {
  RecordLayout r = {};
  r.block_columns = 1;
  r.blocks = 1;
  r.code_bytes = static_cast<int32_t>(kPanelRows) * element_bytes;
  r.bytes = r.code_bytes;
  return r;
}

}  // namespace packed

constexpr RecordLayout record_layout(TensorType type) {
  switch (type) {
    case TensorType::kF32:
      return packed::floats(4);
    case TensorType::kF16:
    case TensorType::kBF16:
      return packed::floats(2);
    case TensorType::kQ4_0:
    case TensorType::kIQ4_NL:
      return packed::quantized(32, 4, 0, 0, false, false);
    case TensorType::kQ4_1:
      return packed::quantized(32, 4, 0, 0, false, true);
    case TensorType::kQ5_0:
      return packed::quantized(32, 4, 1, 0, false, false);
    case TensorType::kQ5_1:
      return packed::quantized(32, 4, 1, 0, false, true);
    case TensorType::kQ8_0:
      return packed::quantized(32, 8, 0, 0, false, false);
    case TensorType::kQ2_K:
      return packed::quantized(256, 2, 0, 16, false, true);
    case TensorType::kQ3_K:
      return packed::quantized(256, 2, 1, 16, false, false);
    case TensorType::kQ4_K:
      return packed::quantized(256, 4, 0, 8, true, true);
    case TensorType::kQ5_K:
      return packed::quantized(256, 4, 1, 8, true, true);
    case TensorType::kQ6_K:
      return packed::quantized(256, 4, 2, 16, false, false);
    case TensorType::kIQ4_XS:
      return packed::quantized(256, 4, 0, 8, false, false);
  }
  return {};
}

// Bytes of one panel of `columns`, which the type's block divides.
constexpr int64_t panel_bytes(TensorType type, int64_t columns) {
  const RecordLayout r = record_layout(type);
  const int64_t blocks = columns / r.block_columns;
  return ((blocks + r.blocks - 1) / r.blocks * r.bytes + 63) / 64 * 64;
}

constexpr int64_t panel_count(int64_t rows) { return (rows + kPanelRows - 1) / kPanelRows; }

// A weight matrix in the packed layout.
struct PackedMatrix {
  TensorType type;
  const std::byte* data;  // [panel_count(rows), panel_bytes]; aligned to 64 bytes
  int64_t rows;           // outputs
  int64_t columns;        // inputs
};

}  // namespace sparkllama
