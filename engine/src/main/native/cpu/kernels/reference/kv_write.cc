// Stores a position's keys and values in the KV cache, and reads rows of it.

#include <cstring>

#include "base/half.h"
#include "cpu/kernels/reference/code_block.h"
#include "cpu/kernels/reference/kv_rows.h"
#include "cpu/kernels/reference/reference_kernels.h"

namespace sparkllama::reference {
namespace {

void write_row(const KvLayer& kv, std::byte* row, const float* x) {
  switch (kv.type) {
    case KvType::kFloat32:
      std::memcpy(row, x, static_cast<size_t>(kv.head_dim) * sizeof(float));
      return;
    case KvType::kFloat16:
      for (int64_t d = 0; d < kv.head_dim; ++d) {
        const uint16_t half = float_to_half(x[d]);
        std::memcpy(row + d * 2, &half, sizeof(half));
      }
      return;
    case KvType::kInt8: {
      int8_t* codes = reinterpret_cast<int8_t*>(row + sizeof(float));
      const float scale = quantize_codes(x, kv.head_dim, codes);
      std::memcpy(row, &scale, sizeof(scale));
      return;
    }
  }
}

}  // namespace

std::byte* kv_row(const KvLayer& kv, int64_t block, KvPart part, int64_t head, int64_t offset) {
  const int64_t rows = (block * 2 + static_cast<int64_t>(part)) * kv.kv_heads + head;
  return kv.data + (rows * kv.block_size + offset) * kv.row_bytes;
}

float kv_row_scale(const KvLayer& kv, const std::byte* row) {
  if (kv.type != KvType::kInt8) return 1.0f;
  float scale;
  std::memcpy(&scale, row, sizeof(scale));
  return scale;
}

float kv_element(const KvLayer& kv, const std::byte* row, int64_t d) {
  if (kv.type == KvType::kInt8) {
    return static_cast<float>(static_cast<int8_t>(row[static_cast<int64_t>(sizeof(float)) + d]));
  }
  if (kv.type == KvType::kFloat16) {
    uint16_t half;
    std::memcpy(&half, row + d * 2, sizeof(half));
    return half_to_float(half);
  }
  float value;
  std::memcpy(&value, row + d * 4, sizeof(value));
  return value;
}

void kv_write(const KvLayer& kv, int64_t slot, const float* keys, const float* values) {
  const int64_t block = slot / kv.block_size;
  const int64_t offset = slot % kv.block_size;
  for (int64_t head = 0; head < kv.kv_heads; ++head) {
    write_row(kv, kv_row(kv, block, KvPart::kKeys, head, offset), keys + head * kv.head_dim);
    write_row(kv, kv_row(kv, block, KvPart::kValues, head, offset), values + head * kv.head_dim);
  }
}

}  // namespace sparkllama::reference
