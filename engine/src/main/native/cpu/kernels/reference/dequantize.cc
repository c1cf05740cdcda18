// Widens a weight row to float32, in the order of roundings that ggml's dequantization has.

#include <cstring>

#include "base/half.h"
#include "cpu/kernels/reference/reference_kernels.h"
#include "cpu/kernels/reference/weight_block.h"

namespace sparkllama::reference {
namespace {

void widen_block32(TensorType type, const std::byte* bytes, float* out) {
  const WeightBlock32 block = unpack_block32(type, bytes);
  for (int i = 0; i < 32; ++i) {
    const float product = static_cast<float>(block.codes[i]) * block.scale;
    out[i] = has_minimum(type) ? product + block.minimum : product;
  }
}

void widen_block256(TensorType type, const std::byte* bytes, float* out) {
  const WeightBlock256 block = unpack_block256(type, bytes);
  for (int i = 0; i < 256; ++i) {
    const float scale = block.scale * static_cast<float>(block.sub_scales[i / 16]);
    const float product = static_cast<float>(block.codes[i]) * scale;
    const float minimum = block.minimum * static_cast<float>(block.sub_minimums[i / 16]);
    out[i] = has_minimum(type) ? product - minimum : product;
  }
}

}  // namespace

void dequantize_row(const WeightMatrix& weights, int64_t row, float* out) {
  const std::byte* bytes = weights.data + row * weights.row_bytes;
  const int64_t columns = block_columns(weights.type);
  for (int64_t k = 0; k < weights.columns; k += columns, bytes += block_bytes(weights.type)) {
    uint16_t bits;
    switch (weights.type) {
      case TensorType::kF32:
        std::memcpy(out + k, bytes, sizeof(float));
        break;
      case TensorType::kF16:
        std::memcpy(&bits, bytes, sizeof(bits));
        out[k] = half_to_float(bits);
        break;
      case TensorType::kBF16:
        std::memcpy(&bits, bytes, sizeof(bits));
        out[k] = bfloat16_to_float(bits);
        break;
      default:
        if (columns == 32)
          widen_block32(weights.type, bytes, out + k);
        else
          widen_block256(weights.type, bytes, out + k);
    }
  }
}

}  // namespace sparkllama::reference
