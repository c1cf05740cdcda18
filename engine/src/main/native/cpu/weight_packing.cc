#include "cpu/weight_packing.h"

#include <algorithm>
#include <cstring>

#include "tensor/block_layout.h"

namespace sparkllama {
namespace {

// One block as the file has it, its parts unfolded: codes with no offset subtracted, low and high
// bits apart.
template <int kColumns>
struct FileBlock {
  uint8_t codes[kColumns];  // low bits: 2, 4 or 8
  uint8_t high[kColumns];   // upper bits, where the type has them apart
  uint8_t sub_scales[16];
  uint8_t sub_minimums[16];
  uint16_t scale;
  uint16_t minimum;
};

// 4-bit codes of 32 elements, as Q4_0 and all types after it order them.
void unfold_nibbles(const uint8_t* from, uint8_t* codes) {
  for (int i = 0; i < 16; ++i) {
    codes[i] = from[i] & 15;
    codes[16 + i] = from[i] >> 4;
  }
}

void unfold_fifth_bits(const uint8_t* from, uint8_t* high) {
  for (int i = 0; i < 32; ++i) high[i] = (from[i / 8] >> (i % 8)) & 1;
}

// 2-bit codes of 128 elements at a time, as Q2_K, Q3_K and the high bits of Q6_K order them.
void unfold_pairs(const uint8_t* from, uint8_t* codes) {
  for (int h = 0; h < 2; ++h) {
    for (int j = 0; j < 4; ++j) {
      for (int l = 0; l < 32; ++l) {
        codes[128 * h + 32 * j + l] = (from[32 * h + l] >> (2 * j)) & 3;
      }
    }
  }
}

// Bit s of byte l belongs to element 32 s + l.
void unfold_bit_planes(const uint8_t* from, uint8_t* high) {
  for (int s = 0; s < 8; ++s) {
    for (int l = 0; l < 32; ++l) high[32 * s + l] = (from[l] >> s) & 1;
  }
}

// 4-bit codes of Q4_K and Q5_K: 64 elements share 32 bytes.
void unfold_halves(const uint8_t* from, uint8_t* codes) {
  for (int j = 0; j < 4; ++j) {
    for (int l = 0; l < 32; ++l) {
      codes[64 * j + l] = from[32 * j + l] & 15;
      codes[64 * j + 32 + l] = from[32 * j + l] >> 4;
    }
  }
}

// The 6-bit sub-scales and sub-minimums of Q4_K and Q5_K.
void unfold_sub_pairs(const uint8_t* subs, uint8_t* scales, uint8_t* minimums) {
  for (int s = 0; s < 4; ++s) {
    scales[s] = subs[s] & 63;
    minimums[s] = subs[s + 4] & 63;
    scales[s + 4] = static_cast<uint8_t>((subs[s + 8] & 15) | ((subs[s] >> 6) << 4));
    minimums[s + 4] = static_cast<uint8_t>((subs[s + 8] >> 4) | ((subs[s + 4] >> 6) << 4));
  }
}

void unfold(const BlockQ4_0& in, FileBlock<32>& out) {
  unfold_nibbles(in.codes, out.codes);
  out.scale = in.scale;
}

void unfold(const BlockQ4_1& in, FileBlock<32>& out) {
  unfold_nibbles(in.codes, out.codes);
  out.scale = in.scale;
  out.minimum = in.minimum;
}

void unfold(const BlockQ5_0& in, FileBlock<32>& out) {
  unfold_nibbles(in.codes, out.codes);
  unfold_fifth_bits(in.fifth_bits, out.high);
  out.scale = in.scale;
}

void unfold(const BlockQ5_1& in, FileBlock<32>& out) {
  unfold_nibbles(in.codes, out.codes);
  unfold_fifth_bits(in.fifth_bits, out.high);
  out.scale = in.scale;
  out.minimum = in.minimum;
}

void unfold(const BlockQ8_0& in, FileBlock<32>& out) {
  for (int i = 0; i < 32; ++i) out.codes[i] = static_cast<uint8_t>(in.codes[i] ^ -128);
  out.scale = in.scale;
}

void unfold(const BlockIQ4_NL& in, FileBlock<32>& out) {
  unfold_nibbles(in.codes, out.codes);
  out.scale = in.scale;
}

void unfold(const BlockQ2_K& in, FileBlock<256>& out) {
  unfold_pairs(in.codes, out.codes);
  std::copy_n(in.subs, 16, out.sub_scales);
  out.scale = in.scale;
  out.minimum = in.minimum;
}

void unfold(const BlockQ3_K& in, FileBlock<256>& out) {
  unfold_pairs(in.codes, out.codes);
  unfold_bit_planes(in.third_bits, out.high);
  for (int s = 0; s < 16; ++s) {
    const int low = s < 8 ? in.subs[s] & 15 : in.subs[s - 8] >> 4;
    const int high = (in.subs[8 + s % 4] >> (2 * (s / 4))) & 3;
    out.sub_scales[s] = static_cast<uint8_t>((low | (high << 4)) - 32);
  }
  out.scale = in.scale;
}

void unfold(const BlockQ4_K& in, FileBlock<256>& out) {
  unfold_halves(in.codes, out.codes);
  unfold_sub_pairs(in.subs, out.sub_scales, out.sub_minimums);
  out.scale = in.scale;
  out.minimum = in.minimum;
}

void unfold(const BlockQ5_K& in, FileBlock<256>& out) {
  unfold_halves(in.codes, out.codes);
  unfold_bit_planes(in.fifth_bits, out.high);
  unfold_sub_pairs(in.subs, out.sub_scales, out.sub_minimums);
  out.scale = in.scale;
  out.minimum = in.minimum;
}

void unfold(const BlockQ6_K& in, FileBlock<256>& out) {
  for (int h = 0; h < 2; ++h) {
    for (int l = 0; l < 64; ++l) {
      out.codes[128 * h + l] = in.low_bits[64 * h + l] & 15;
      out.codes[128 * h + 64 + l] = in.low_bits[64 * h + l] >> 4;
    }
  }
  unfold_pairs(in.high_bits, out.high);
  std::memcpy(out.sub_scales, in.subs, 16);
  out.scale = in.scale;
}

void unfold(const BlockIQ4_XS& in, FileBlock<256>& out) {
  for (int s = 0; s < 8; ++s) {
    unfold_nibbles(in.codes + 16 * s, out.codes + 32 * s);
    const int low = (in.sub_low_bits[s / 2] >> (4 * (s % 2))) & 15;
    const int high = (in.sub_high_bits >> (2 * s)) & 3;
    out.sub_scales[s] = static_cast<uint8_t>((low | (high << 4)) - 32);
  }
  out.scale = in.scale;
}

uint32_t load_step(const uint8_t* codes, int step) {
  uint32_t four;
  std::memcpy(&four, codes + kStepColumns * step, sizeof(four));
  return four;
}

// Folds codes of kBits into vectors of 64 bytes, 8 / kBits steps in each. Codes are below
// 2^kBits, so a step's four shift as one word.
template <int kBits, int kColumns>
void fold_codes(const uint8_t* codes, int row, std::byte* vectors) {
  constexpr int kSteps = 8 / kBits;
  for (int v = 0; v < kColumns / static_cast<int>(kStepColumns) / kSteps; ++v) {
    uint32_t four = 0;
    for (int i = 0; i < kSteps; ++i) four |= load_step(codes, v * kSteps + i) << (i * kBits);
    std::memcpy(vectors + v * kStepBytes + row * kStepColumns, &four, sizeof(four));
  }
}

// Puts one row's block `b` of a record into its place.
template <TensorType kType, int kColumns>
void place_block(const FileBlock<kColumns>& block, int row, int b, std::byte* record) {
  constexpr RecordLayout kRecord = record_layout(kType);
  fold_codes<kRecord.code_bits, kColumns>(block.codes, row, record + b * kRecord.code_bytes);
  if constexpr (kRecord.high_bit_count > 0) {
    fold_codes<kRecord.high_bit_count, kColumns>(block.high, row,
                                                 record + kRecord.high_at + b * kRecord.high_bytes);
  }
  for (int s = 0; s < kRecord.subs; ++s) {
    record[kRecord.subs_at + s * kPanelRows + row] = std::byte{block.sub_scales[s]};
  }
  if constexpr (kRecord.sub_minimum_bytes > 0) {
    for (int s = 0; s < kRecord.subs; ++s) {
      record[kRecord.sub_minimums_at + s / 2 * 2 * kPanelRows + 2 * row + s % 2] =
          std::byte{block.sub_minimums[s]};
    }
  }
  std::memcpy(record + kRecord.scales_at + b * 32 + 2 * row, &block.scale, 2);
  if constexpr (kRecord.minimum_bytes > 0) {
    std::memcpy(record + kRecord.minimums_at + b * 32 + 2 * row, &block.minimum, 2);
  }
}

// Packs up to 16 rows into one panel, which holds zeros.
template <TensorType kType, typename Block>
void pack_quantized_panel(const std::byte* rows, int64_t row_count, int64_t columns,
                          std::byte* panel) {
  constexpr RecordLayout kRecord = record_layout(kType);
  constexpr int kColumns = kRecord.block_columns;
  const int64_t blocks = columns / kColumns;
  FileBlock<kColumns> unfolded = {};
  for (int64_t b = 0; b < blocks; ++b) {
    std::byte* record = panel + b / kRecord.blocks * kRecord.bytes;
    for (int64_t r = 0; r < row_count; ++r) {
      Block block;
      std::memcpy(&block, rows + (r * blocks + b) * static_cast<int64_t>(sizeof(Block)),
                  sizeof(Block));
      unfold(block, unfolded);
      place_block<kType, kColumns>(unfolded, static_cast<int>(r),
                                   static_cast<int>(b % kRecord.blocks), record);
    }
  }
}

template <typename Element>
void pack_float_panel(const std::byte* rows, int64_t row_count, int64_t columns, std::byte* panel) {
  constexpr int64_t kBytes = sizeof(Element);
  for (int64_t r = 0; r < row_count; ++r) {
    for (int64_t k = 0; k < columns; ++k) {
      std::memcpy(panel + (k * kPanelRows + r) * kBytes, rows + (r * columns + k) * kBytes, kBytes);
    }
  }
}

void pack_panel(TensorType type, const std::byte* rows, int64_t row_count, int64_t columns,
                std::byte* panel) {
  switch (type) {
    case TensorType::kF32:
      return pack_float_panel<uint32_t>(rows, row_count, columns, panel);
    case TensorType::kF16:
    case TensorType::kBF16:
      return pack_float_panel<uint16_t>(rows, row_count, columns, panel);
    case TensorType::kQ4_0:
      return pack_quantized_panel<TensorType::kQ4_0, BlockQ4_0>(rows, row_count, columns, panel);
    case TensorType::kQ4_1:
      return pack_quantized_panel<TensorType::kQ4_1, BlockQ4_1>(rows, row_count, columns, panel);
    case TensorType::kQ5_0:
      return pack_quantized_panel<TensorType::kQ5_0, BlockQ5_0>(rows, row_count, columns, panel);
    case TensorType::kQ5_1:
      return pack_quantized_panel<TensorType::kQ5_1, BlockQ5_1>(rows, row_count, columns, panel);
    case TensorType::kQ8_0:
      return pack_quantized_panel<TensorType::kQ8_0, BlockQ8_0>(rows, row_count, columns, panel);
    case TensorType::kIQ4_NL:
      return pack_quantized_panel<TensorType::kIQ4_NL, BlockIQ4_NL>(rows, row_count, columns,
                                                                    panel);
    case TensorType::kQ2_K:
      return pack_quantized_panel<TensorType::kQ2_K, BlockQ2_K>(rows, row_count, columns, panel);
    case TensorType::kQ3_K:
      return pack_quantized_panel<TensorType::kQ3_K, BlockQ3_K>(rows, row_count, columns, panel);
    case TensorType::kQ4_K:
      return pack_quantized_panel<TensorType::kQ4_K, BlockQ4_K>(rows, row_count, columns, panel);
    case TensorType::kQ5_K:
      return pack_quantized_panel<TensorType::kQ5_K, BlockQ5_K>(rows, row_count, columns, panel);
    case TensorType::kQ6_K:
      return pack_quantized_panel<TensorType::kQ6_K, BlockQ6_K>(rows, row_count, columns, panel);
    case TensorType::kIQ4_XS:
      return pack_quantized_panel<TensorType::kIQ4_XS, BlockIQ4_XS>(rows, row_count, columns,
                                                                    panel);
  }
}

}  // namespace

void pack_rows(TensorType type, const std::byte* rows, int64_t row_count, int64_t columns,
               std::byte* panels) {
  const int64_t bytes = panel_bytes(type, columns);
  const int64_t row = row_bytes(type, columns);
  std::memset(panels, 0, static_cast<size_t>(panel_count(row_count) * bytes));
  for (int64_t r = 0; r < row_count; r += kPanelRows) {
    pack_panel(type, rows + r * row, std::min(kPanelRows, row_count - r), columns,
               panels + r / kPanelRows * bytes);
  }
}

}  // namespace sparkllama
