#include "cpu/kernels/reference/weight_block.h"

#include <cstring>

#include "base/half.h"
#include "tensor/block_layout.h"

namespace sparkllama::reference {
namespace {

// One block of one row within its record.
struct BlockPlace {
  RecordLayout layout;
  const uint8_t* record;
  int64_t row;    // within the panel
  int64_t block;  // within the record

  BlockPlace(const PackedMatrix& weights, int64_t matrix_row, int64_t matrix_block)
      : layout(record_layout(weights.type)),
        record(reinterpret_cast<const uint8_t*>(weights.data) +
               matrix_row / kPanelRows * panel_bytes(weights.type, weights.columns) +
               matrix_block / layout.blocks * layout.bytes),
        row(matrix_row % kPanelRows),
        block(matrix_block % layout.blocks) {}

  // The bits of element i, of which each vector of 64 bytes holds 8 / bit_count steps.
  int bits(const uint8_t* vectors, int bit_count, int i) const {
    const int step = i / static_cast<int>(kStepColumns);
    const int steps_in_vector = 8 / bit_count;
    const uint8_t byte =
        vectors[step / steps_in_vector * kStepBytes + row * kStepColumns + i % kStepColumns];
    return (byte >> (step % steps_in_vector * bit_count)) & ((1 << bit_count) - 1);
  }

  // The whole code of element i as the file has it, low and high bits together.
  int code(int i) const {
    const int low = bits(record + block * layout.code_bytes, layout.code_bits, i);
    if (layout.high_bit_count == 0) return low;
    const uint8_t* high = record + layout.high_at + block * layout.high_bytes;
    return low | bits(high, layout.high_bit_count, i) << layout.code_bits;
  }

  uint8_t sub(int s) const { return record[layout.subs_at + s * kPanelRows + row]; }

  uint8_t sub_minimum(int s) const {
    return record[layout.sub_minimums_at + s / 2 * 2 * kPanelRows + 2 * row + s % 2];
  }

  float half(int32_t at) const {
    uint16_t bits16;
    std::memcpy(&bits16, record + at + block * 32 + 2 * row, sizeof(bits16));
    return half_to_float(bits16);
  }
};

// What the code of a type means, its offset subtracted.
int8_t meaning(TensorType type, int code) {
  switch (type) {
    case TensorType::kQ4_0:
      return static_cast<int8_t>(code - 8);
    case TensorType::kQ5_0:
      return static_cast<int8_t>(code - 16);
    case TensorType::kQ8_0:
      return static_cast<int8_t>(code - 128);
    case TensorType::kQ3_K:
      return static_cast<int8_t>(code - 4);
    case TensorType::kQ6_K:
      return static_cast<int8_t>(code - 32);
    case TensorType::kIQ4_NL:
    case TensorType::kIQ4_XS:
      return kIQ4Values[code];
    default:
      return static_cast<int8_t>(code);
  }
}

}  // namespace

bool has_minimum(TensorType type) { return record_layout(type).minimum_bytes > 0; }

WeightBlock32 unpack_block32(const PackedMatrix& weights, int64_t row, int64_t block) {
  const BlockPlace place(weights, row, block);
  WeightBlock32 out = {};
  for (int i = 0; i < 32; ++i) out.codes[i] = meaning(weights.type, place.code(i));
  out.scale = place.half(place.layout.scales_at);
  if (has_minimum(weights.type)) out.minimum = place.half(place.layout.minimums_at);
  return out;
}

WeightBlock256 unpack_block256(const PackedMatrix& weights, int64_t row, int64_t block) {
  const BlockPlace place(weights, row, block);
  WeightBlock256 out = {};
  for (int i = 0; i < 256; ++i) out.codes[i] = meaning(weights.type, place.code(i));
  for (int i = 0; i < 16; ++i) {
    const int s = i * place.layout.subs / 16;
    out.sub_scales[i] = static_cast<int8_t>(place.sub(s));
    if (weights.type == TensorType::kQ2_K) {
      out.sub_scales[i] = place.sub(s) & 15;
      out.sub_minimums[i] = place.sub(s) >> 4;
    } else if (has_minimum(weights.type)) {
      out.sub_minimums[i] = place.sub_minimum(s);
    }
  }
  out.scale = place.half(place.layout.scales_at);
  if (has_minimum(weights.type)) out.minimum = place.half(place.layout.minimums_at);
  return out;
}

float unpack_float(const PackedMatrix& weights, int64_t row, int64_t column) {
  const int64_t element_bytes = row_bytes(weights.type, 1);
  const std::byte* element = weights.data +
                             row / kPanelRows * panel_bytes(weights.type, weights.columns) +
                             (column * kPanelRows + row % kPanelRows) * element_bytes;
  if (weights.type == TensorType::kF32) {
    float value;
    std::memcpy(&value, element, sizeof(value));
    return value;
  }
  uint16_t bits;
  std::memcpy(&bits, element, sizeof(bits));
  return weights.type == TensorType::kF16 ? half_to_float(bits) : bfloat16_to_float(bits);
}

}  // namespace sparkllama::reference
