// Quantizes activations to 8 bits.

#include <bit>
#include <limits>

#include "cpu/kernels/reference/code_block.h"
#include "cpu/kernels/reference/reference_kernels.h"

namespace sparkllama::reference {
namespace {

void quantize(const float* x, int64_t columns, int64_t block, int64_t sum_block, int8_t* codes,
              float* scales, int32_t* sums) {
  for (int64_t k = 0; k < columns; k += block) {
    scales[k / block] = quantize_codes(x + k, block, codes + k, 1);
  }
  for (int64_t k = 0; k < columns; k += sum_block) {
    int32_t sum = 0;
    for (int64_t i = 0; i < sum_block; ++i) sum += codes[k + i];
    sums[k / sum_block] = sum;
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

void quantize_block32(const float* x, int64_t columns, int8_t* codes, float* scales,
                      int32_t* sums) {
  quantize(x, columns, 32, 32, codes, scales, sums);
}

void quantize_block256(const float* x, int64_t columns, int8_t* codes, float* scales, int32_t* sums,
                       int16_t* sums32) {
  quantize(x, columns, 256, 16, codes, scales, sums);
  for (int64_t i = 0; i < columns / 32; ++i) {
    sums32[i] = static_cast<int16_t>(sums[2 * i] + sums[2 * i + 1]);
  }
}

}  // namespace sparkllama::reference
