// Quantizes activations to 8 bits.

#include <bit>
#include <cstdlib>
#include <limits>

#include "cpu/kernels/reference/code_block.h"
#include "cpu/kernels/reference/reference_kernels.h"

namespace sparkllama::reference {
namespace {

// `block` and `sum_block` are the columns of a scale and of a sum.
void quantize(const float* x, int64_t columns, int64_t block, int64_t sum_block,
              const QuantizedRow& out) {
  for (int64_t k = 0; k < columns; k += block) {
    int8_t codes[256];
    out.scales[k / block * out.tile_rows] = quantize_codes(x + k, block, codes, 1);
    for (int64_t i = 0; i < block; ++i) {
      out.codes[(k + i) / kTileColumns * kTileColumns * out.tile_rows + (k + i) % kTileColumns] =
          codes[i];
    }
    for (int64_t first = 0; first < block; first += sum_block) {
      int32_t sum = 0;
      for (int64_t i = 0; i < sum_block; ++i) sum += codes[first + i];
      out.sums[(k + first) / sum_block * out.tile_rows] = sum;
    }
  }
}

}  // namespace

float quantize_codes(const float* x, int64_t count, int8_t* codes, int64_t stride) {
  // Magnitudes compare as integers in the same order, infinity and NaN above all numbers.
  uint32_t largest = 0;
  for (int64_t i = 0; i < count; ++i) {
    const uint32_t magnitude = std::bit_cast<uint32_t>(x[i]) & 0x7fffffffu;
    if (magnitude > largest) largest = magnitude;
  }
  constexpr uint32_t kInfinity = 0x7f800000u;
  const float amax = std::bit_cast<float>(largest);
  if (largest >= kInfinity || amax < 0x1p-100f) {
    for (int64_t i = 0; i < count; ++i) codes[i * stride] = 0;
    return largest >= kInfinity ? std::numeric_limits<float>::quiet_NaN() : 0.0f;
  }
  const float inverse = 127.0f / amax;
  for (int64_t i = 0; i < count; ++i) {
    // Adding 1.5 * 2^23 leaves the integer, rounded half to even, in the low bits.
    const float shifted = x[i] * inverse + 0x1.8p23f;
    codes[i * stride] = static_cast<int8_t>(std::bit_cast<int32_t>(shifted) - 0x4b400000);
  }
  return amax / 127.0f;
}

void quantize_block32(const float* x, int64_t columns, const QuantizedRow& out) {
  quantize(x, columns, 32, 32, out);
}

void quantize_block256(const float* x, int64_t columns, const QuantizedRow& out) {
  quantize(x, columns, 256, 16, out);
  for (int64_t i = 0; i < columns / 32; ++i) {
    const int32_t* sums = out.sums + 2 * i * out.tile_rows;
    out.sums32[i / 2 * 2 * out.tile_rows + i % 2] =
        static_cast<int16_t>(sums[0] + sums[out.tile_rows]);
  }
  for (int64_t b = 0; b < columns / 256; ++b) {
    out.loud[b * out.tile_rows] = 0;
    for (int64_t k = b * 256; k < (b + 1) * 256; k += 16) {
      const int8_t* codes = out.codes + k / kTileColumns * kTileColumns * out.tile_rows;
      int32_t magnitude = 0;
      for (int64_t i = 0; i < 16; ++i) magnitude += std::abs(codes[k % kTileColumns + i]);
      if (magnitude > kQuietSum) out.loud[b * out.tile_rows] = 1;
    }
  }
}

}  // namespace sparkllama::reference
