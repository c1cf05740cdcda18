// Widens a weight row to float32, in the order of roundings that ggml's dequantization has.

#include "cpu/kernels/reference/reference_kernels.h"
#include "cpu/kernels/reference/weight_block.h"

namespace sparkllama::reference {
namespace {

void widen_block32(const PackedMatrix& weights, int64_t row, int64_t b, float* out) {
  const WeightBlock32 block = unpack_block32(weights, row, b);
  for (int i = 0; i < 32; ++i) {
    const float product = static_cast<float>(block.codes[i]) * block.scale;
    out[i] = has_minimum(weights.type) ? product + block.minimum : product;
  }
}

void widen_block256(const PackedMatrix& weights, int64_t row, int64_t b, float* out) {
  const WeightBlock256 block = unpack_block256(weights, row, b);
  for (int i = 0; i < 256; ++i) {
    const float scale = block.scale * static_cast<float>(block.sub_scales[i / 16]);
    const float product = static_cast<float>(block.codes[i]) * scale;
    const float minimum = block.minimum * static_cast<float>(block.sub_minimums[i / 16]);
    out[i] = has_minimum(weights.type) ? product - minimum : product;
  }
}

}  // namespace

void dequantize_row(const PackedMatrix& weights, int64_t row, float* out) {
  const int64_t columns = block_columns(weights.type);
  for (int64_t b = 0; b < weights.columns / columns; ++b) {
    if (columns == 1) {
      out[b] = unpack_float(weights, row, b);
    } else if (columns == 32) {
      widen_block32(weights, row, b, out + 32 * b);
    } else {
      widen_block256(weights, row, b, out + 256 * b);
    }
  }
}

}  // namespace sparkllama::reference
