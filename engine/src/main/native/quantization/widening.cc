#include "quantization/widening.h"

#include <bit>
#include <cstring>

#include "base/half.h"
#include "quantization/sub_scale_pairs.h"
#include "tensor/block_layout.h"

namespace sparkllama {
namespace {

// half_to_float without a branch, for a loop that is vectorized: a product with 2^112 moves the
// exponent to its place, that of subnormal numbers too, and is exact.
float widened_half(uint16_t half) {
  const uint32_t magnitude = static_cast<uint32_t>(half & 0x7fffu) << 13;
  const uint32_t bits = std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) * 0x1p112f);
  const uint32_t special = magnitude >= 0x0f800000u ? 0x7f800000u : 0u;
  return std::bit_cast<float>((static_cast<uint32_t>(half & 0x8000u) << 16) | bits | special);
}

void widen_halves(const std::byte* from, int64_t count, float* out) {
  for (int64_t i = 0; i < count; ++i) {
    uint16_t half;
    std::memcpy(&half, from + 2 * i, sizeof(half));
    out[i] = widened_half(half);
  }
}

void widen_bfloat16(const std::byte* from, int64_t count, float* out) {
  for (int64_t i = 0; i < count; ++i) {
    uint16_t upper;
    std::memcpy(&upper, from + 2 * i, sizeof(upper));
    out[i] = bfloat16_to_float(upper);
  }
}

int nibble(const uint8_t* codes, int i) { return i < 16 ? codes[i] & 15 : codes[i - 16] >> 4; }

int fifth_bit(const uint8_t* bits, int i) { return (bits[i / 8] >> (i % 8)) & 1; }

// 2 bits of element i of 256, as Q2_K, Q3_K and the upper bits of Q6_K order them.
int pair_of(const uint8_t* codes, int i) {
  return (codes[i / 128 * 32 + i % 32] >> (2 * (i % 128 / 32))) & 3;
}

// 4 bits of element i of 256, as Q4_K and Q5_K order them.
int half_of(const uint8_t* codes, int i) {
  return (codes[i / 64 * 32 + i % 32] >> (4 * (i % 64 / 32))) & 15;
}

void widen(const BlockQ4_0& block, float* out) {
  const float scale = half_to_float(block.scale);
  for (int i = 0; i < 32; ++i) out[i] = scale * static_cast<float>(nibble(block.codes, i) - 8);
}

void widen(const BlockQ4_1& block, float* out) {
  const float scale = half_to_float(block.scale);
  const float minimum = half_to_float(block.minimum);
  for (int i = 0; i < 32; ++i) {
    out[i] = scale * static_cast<float>(nibble(block.codes, i)) + minimum;
  }
}

void widen(const BlockQ5_0& block, float* out) {
  const float scale = half_to_float(block.scale);
  for (int i = 0; i < 32; ++i) {
    const int code = nibble(block.codes, i) | (fifth_bit(block.fifth_bits, i) << 4);
    out[i] = scale * static_cast<float>(code - 16);
  }
}

void widen(const BlockQ5_1& block, float* out) {
  const float scale = half_to_float(block.scale);
  const float minimum = half_to_float(block.minimum);
  for (int i = 0; i < 32; ++i) {
    const int code = nibble(block.codes, i) | (fifth_bit(block.fifth_bits, i) << 4);
    out[i] = scale * static_cast<float>(code) + minimum;
  }
}

void widen(const BlockQ8_0& block, float* out) {
  const float scale = half_to_float(block.scale);
  for (int i = 0; i < 32; ++i) out[i] = scale * static_cast<float>(block.codes[i]);
}

void widen(const BlockIQ4_NL& block, float* out) {
  const float scale = half_to_float(block.scale);
  for (int i = 0; i < 32; ++i) {
    out[i] = scale * static_cast<float>(kIQ4Values[nibble(block.codes, i)]);
  }
}

void widen(const BlockQ2_K& block, float* out) {
  const float scale = half_to_float(block.scale);
  const float minimum = half_to_float(block.minimum);
  for (int s = 0; s < 16; ++s) {
    const float sub_scale = scale * static_cast<float>(block.subs[s] & 15);
    const float sub_minimum = minimum * static_cast<float>(block.subs[s] >> 4);
    for (int i = 16 * s; i < 16 * s + 16; ++i) {
      out[i] = sub_scale * static_cast<float>(pair_of(block.codes, i)) - sub_minimum;
    }
  }
}

void widen(const BlockQ3_K& block, float* out) {
  const float scale = half_to_float(block.scale);
  for (int s = 0; s < 16; ++s) {
    const int low = s < 8 ? block.subs[s] & 15 : block.subs[s - 8] >> 4;
    const int high = (block.subs[8 + s % 4] >> (2 * (s / 4))) & 3;
    const float sub_scale = scale * static_cast<float>((low | (high << 4)) - 32);
    for (int i = 16 * s; i < 16 * s + 16; ++i) {
      const int third = (block.third_bits[i % 32] >> (i / 32)) & 1;
      out[i] = sub_scale * static_cast<float>((pair_of(block.codes, i) | (third << 2)) - 4);
    }
  }
}

void widen(const BlockQ4_K& block, float* out) {
  const float scale = half_to_float(block.scale);
  const float minimum = half_to_float(block.minimum);
  const SubScalePairs pairs = unpack_sub_scale_pairs(block.subs);
  for (int s = 0; s < 8; ++s) {
    const float sub_scale = scale * static_cast<float>(pairs.scales[s]);
    const float sub_minimum = minimum * static_cast<float>(pairs.minimums[s]);
    for (int i = 32 * s; i < 32 * s + 32; ++i) {
      out[i] = sub_scale * static_cast<float>(half_of(block.codes, i)) - sub_minimum;
    }
  }
}

void widen(const BlockQ5_K& block, float* out) {
  const float scale = half_to_float(block.scale);
  const float minimum = half_to_float(block.minimum);
  const SubScalePairs pairs = unpack_sub_scale_pairs(block.subs);
  for (int s = 0; s < 8; ++s) {
    const float sub_scale = scale * static_cast<float>(pairs.scales[s]);
    const float sub_minimum = minimum * static_cast<float>(pairs.minimums[s]);
    for (int l = 0; l < 32; ++l) {
      const int fifth = (block.fifth_bits[l] >> s) & 1;
      const int code = half_of(block.codes, 32 * s + l) | (fifth << 4);
      out[32 * s + l] = sub_scale * static_cast<float>(code) - sub_minimum;
    }
  }
}

void widen(const BlockQ6_K& block, float* out) {
  const float scale = half_to_float(block.scale);
  for (int s = 0; s < 16; ++s) {
    const float sub_scale = scale * static_cast<float>(block.subs[s]);
    for (int i = 16 * s; i < 16 * s + 16; ++i) {
      const int low = (block.low_bits[i / 128 * 64 + i % 64] >> (4 * (i % 128 / 64))) & 15;
      out[i] = sub_scale * static_cast<float>((low | (pair_of(block.high_bits, i) << 4)) - 32);
    }
  }
}

void widen(const BlockIQ4_XS& block, float* out) {
  const float scale = half_to_float(block.scale);
  for (int s = 0; s < 8; ++s) {
    const int low = (block.sub_low_bits[s / 2] >> (4 * (s % 2))) & 15;
    const int high = (block.sub_high_bits >> (2 * s)) & 3;
    const float sub_scale = scale * static_cast<float>((low | (high << 4)) - 32);
    for (int l = 0; l < 32; ++l) {
      out[32 * s + l] = sub_scale * static_cast<float>(kIQ4Values[nibble(block.codes + 16 * s, l)]);
    }
  }
}

template <typename Block>
void widen_all(TensorType type, const std::byte* blocks, int64_t count, float* out) {
  const int64_t columns = block_columns(type);
  for (int64_t i = 0; i < count; i += columns, blocks += sizeof(Block)) {
    Block block;
    std::memcpy(&block, blocks, sizeof(block));
    widen(block, out + i);
  }
}

}  // namespace

void widen_blocks(TensorType type, const std::byte* blocks, int64_t count, float* out) {
  switch (type) {
    case TensorType::kF32:
      std::memcpy(out, blocks, static_cast<size_t>(count) * sizeof(float));
      return;
    case TensorType::kF16:
      return widen_halves(blocks, count, out);
    case TensorType::kBF16:
      return widen_bfloat16(blocks, count, out);
    case TensorType::kQ4_0:
      return widen_all<BlockQ4_0>(type, blocks, count, out);
    case TensorType::kQ4_1:
      return widen_all<BlockQ4_1>(type, blocks, count, out);
    case TensorType::kQ5_0:
      return widen_all<BlockQ5_0>(type, blocks, count, out);
    case TensorType::kQ5_1:
      return widen_all<BlockQ5_1>(type, blocks, count, out);
    case TensorType::kQ8_0:
      return widen_all<BlockQ8_0>(type, blocks, count, out);
    case TensorType::kIQ4_NL:
      return widen_all<BlockIQ4_NL>(type, blocks, count, out);
    case TensorType::kQ2_K:
      return widen_all<BlockQ2_K>(type, blocks, count, out);
    case TensorType::kQ3_K:
      return widen_all<BlockQ3_K>(type, blocks, count, out);
    case TensorType::kQ4_K:
      return widen_all<BlockQ4_K>(type, blocks, count, out);
    case TensorType::kQ5_K:
      return widen_all<BlockQ5_K>(type, blocks, count, out);
    case TensorType::kQ6_K:
      return widen_all<BlockQ6_K>(type, blocks, count, out);
    case TensorType::kIQ4_XS:
      return widen_all<BlockIQ4_XS>(type, blocks, count, out);
  }
}

}  // namespace sparkllama
