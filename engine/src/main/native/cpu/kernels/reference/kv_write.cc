// Stores a position's keys and values in the KV cache, and reads them.

#include <cstring>

#include "base/half.h"
#include "cpu/kernels/reference/code_block.h"
#include "cpu/kernels/reference/kv_part.h"
#include "cpu/kernels/reference/reference_kernels.h"

namespace sparkllama::reference {
namespace {

constexpr int64_t kScaleBytes = kKvBlockPositions * int64_t{sizeof(float)};

}  // namespace

KvPart::KvPart(const KvLayer& kv, int64_t block, KvSide side, int64_t head)
    : kv_(kv),
      side_(side),
      data_(kv.data +
            ((block * 2 + static_cast<int64_t>(side)) * kv.kv_heads + head) * kv.part_bytes) {}

int64_t KvPart::index(int64_t offset, int64_t d) const {
  return side_ == KvSide::kKeys ? d * kKvBlockPositions + offset : offset * kv_.head_dim + d;
}

float KvPart::scale(int64_t offset) const {
  if (kv_.type != KvType::kInt8) return 1.0f;
  float scale;
  std::memcpy(&scale, data_ + offset * static_cast<int64_t>(sizeof(scale)), sizeof(scale));
  return scale;
}

float KvPart::element(int64_t offset, int64_t d) const {
  const int64_t i = index(offset, d);
  if (kv_.type == KvType::kInt8) {
    return static_cast<float>(static_cast<int8_t>(data_[kScaleBytes + i]));
  }
  if (kv_.type == KvType::kFloat16) {
    uint16_t half;
    std::memcpy(&half, data_ + i * 2, sizeof(half));
    return half_to_float(half);
  }
  float value;
  std::memcpy(&value, data_ + i * 4, sizeof(value));
  return value;
}

void KvPart::write(int64_t offset, const float* x) {
  if (kv_.type == KvType::kInt8) {
    int8_t* codes = reinterpret_cast<int8_t*>(data_ + kScaleBytes) + index(offset, 0);
    const float scale = quantize_codes(x, kv_.head_dim, codes, index(0, 1));
    std::memcpy(data_ + offset * static_cast<int64_t>(sizeof(scale)), &scale, sizeof(scale));
    return;
  }
  for (int64_t d = 0; d < kv_.head_dim; ++d) {
    const int64_t i = index(offset, d);
    if (kv_.type == KvType::kFloat16) {
      const uint16_t half = float_to_half(x[d]);
      std::memcpy(data_ + i * 2, &half, sizeof(half));
    } else {
      std::memcpy(data_ + i * 4, &x[d], sizeof(x[d]));
    }
  }
}

void kv_write(const KvLayer& kv, int64_t slot, const float* keys, const float* values) {
  const int64_t block = slot / kKvBlockPositions;
  const int64_t offset = slot % kKvBlockPositions;
  for (int64_t head = 0; head < kv.kv_heads; ++head) {
    KvPart(kv, block, KvSide::kKeys, head).write(offset, keys + head * kv.head_dim);
    KvPart(kv, block, KvSide::kValues, head).write(offset, values + head * kv.head_dim);
  }
}

}  // namespace sparkllama::reference
