// Computes and folds the codes of a super-block of 256 elements.
#pragma once

#include <bit>
#include <cstdint>

namespace sparkllama {

constexpr int kSuperBlock = 256;

// To the nearest whole number, ties to even; |v| is below 2^22, or NaN, which has no meaning.
inline int nearest_integer(float v) {
  const uint32_t bits = std::bit_cast<uint32_t>(v + 0x1.8p23f);
  return static_cast<int>(bits & 0x7fffffu) - 0x400000;
}

// round(v), from `low` to `high`; NaN is `low`.
inline int nearest_code(float v, float low, float high) {
  const float whole = (v + 0x1.8p23f) - 0x1.8p23f;
  const float raised = whole > low ? whole : low;
  return static_cast<int>(raised < high ? raised : high);
}

// 2 bits of each element, as Q2_K and Q3_K order them: out is [64].
inline void fold_pairs(const uint8_t* codes, uint8_t* out) {
  for (int h = 0; h < 2; ++h) {
    for (int l = 0; l < 32; ++l) {
      const uint8_t* four = codes + 128 * h + l;
      out[32 * h + l] = static_cast<uint8_t>((four[0] & 3) | ((four[32] & 3) << 2) |
                                             ((four[64] & 3) << 4) | ((four[96] & 3) << 6));
    }
  }
}

// The low 4 bits of each element, as Q4_K and Q5_K order them: out is [128].
inline void fold_halves(const uint8_t* codes, uint8_t* out) {
  for (int j = 0; j < 4; ++j) {
    for (int l = 0; l < 32; ++l) {
      out[32 * j + l] =
          static_cast<uint8_t>((codes[64 * j + l] & 15) | ((codes[64 * j + 32 + l] & 15) << 4));
    }
  }
}

// Bit `bit` of each element: of element 32 s + l in bit s of out[l], [32].
inline void fold_bit_planes(const uint8_t* codes, int bit, uint8_t* out) {
  for (int l = 0; l < 32; ++l) {
    unsigned planes = 0;
    for (int s = 0; s < 8; ++s) planes |= ((codes[32 * s + l] >> bit) & 1u) << s;
    out[l] = static_cast<uint8_t>(planes);
  }
}

}  // namespace sparkllama
