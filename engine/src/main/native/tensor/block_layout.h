// Declares the blocks of the quantized types as they lie in a GGUF file, little-endian.
//
// A file guarantees no more than 2-byte alignment of a block: copy a block out before reading it.
// `half` fields are IEEE binary16 bits.
#pragma once

#include <cstdint>

namespace sparkllama {

// value = scale * (code - 8); element i < 16 in the low half of byte i, i + 16 in the high half.
struct BlockQ4_0 {
  uint16_t scale;     // half
  uint8_t codes[16];  // [32] of 4 bits
};

// value = scale * code + minimum.
struct BlockQ4_1 {
  uint16_t scale;    // half
  uint16_t minimum;  // half
  uint8_t codes[16];
};

// value = scale * (code - 16); the fifth bit of element i is bit i of the little-endian word.
struct BlockQ5_0 {
  uint16_t scale;         // half
  uint8_t fifth_bits[4];  // [32] of 1 bit
  uint8_t codes[16];
};

// value = scale * code + minimum.
struct BlockQ5_1 {
  uint16_t scale;    // half
  uint16_t minimum;  // half
  uint8_t fifth_bits[4];
  uint8_t codes[16];
};

// value = scale * code.
struct BlockQ8_0 {
  uint16_t scale;  // half
  int8_t codes[32];
};

// value = scale * kIQ4Values[code]; codes as in Q4_0.
struct BlockIQ4_NL {
  uint16_t scale;  // half
  uint8_t codes[16];
};

// 16 sub-blocks of 16: value = scale * (sub & 15) * code - minimum * (sub >> 4).
// Element 128 h + 32 j + l has bits 2 j of codes[32 h + l].
struct BlockQ2_K {
  uint8_t subs[16];   // low half: sub-scale, high half: sub-minimum
  uint8_t codes[64];  // [256] of 2 bits
  uint16_t scale;     // half
  uint16_t minimum;   // half
};

// 16 sub-blocks of 16: value = scale * (sub - 32) * (code - 4).
// Low two bits as in Q2_K; the third bit of element 128 h + 32 j + l is bit 4 h + j of
// third_bits[l].
struct BlockQ3_K {
  uint8_t third_bits[32];
  uint8_t codes[64];  // [256] of 2 bits
  uint8_t subs[12];   // [16] of 6 bits: low halves in bytes 0..7, upper two bits in bytes 8..11
  uint16_t scale;     // half
};

// 8 sub-blocks of 32: value = scale * sub_scale * code - minimum * sub_minimum.
// Element 64 j + l has the low half of codes[32 j + l] for l < 32, 64 j + 32 + l the high half.
struct BlockQ4_K {
  uint16_t scale;    // half
  uint16_t minimum;  // half
  uint8_t subs[12];  // [8] scales and [8] minimums of 6 bits
  uint8_t codes[128];
};

// As Q4_K; the fifth bit of element 32 s + l is bit s of fifth_bits[l].
struct BlockQ5_K {
  uint16_t scale;    // half
  uint16_t minimum;  // half
  uint8_t subs[12];
  uint8_t fifth_bits[32];
  uint8_t codes[128];
};

// 16 sub-blocks of 16: value = scale * sub * (code - 32).
// Element 128 h + l: low half of low_bits[64 h + l], 64 on: the high half; the upper two bits of
// element 128 h + 32 j + l are bits 2 j of high_bits[32 h + l].
struct BlockQ6_K {
  uint8_t low_bits[128];  // [256] of 4 bits
  uint8_t high_bits[64];  // [256] of 2 bits
  int8_t subs[16];
  uint16_t scale;  // half
};

// 8 sub-blocks of 32: value = scale * (sub - 32) * kIQ4Values[code]; codes of a sub-block as in
// Q4_0.
struct BlockIQ4_XS {
  uint16_t scale;           // half
  uint16_t sub_high_bits;   // [8] of 2 bits
  uint8_t sub_low_bits[4];  // [8] of 4 bits
  uint8_t codes[128];
};

static_assert(sizeof(BlockQ4_0) == 18 && sizeof(BlockQ4_1) == 20 && sizeof(BlockQ5_0) == 22 &&
              sizeof(BlockQ5_1) == 24 && sizeof(BlockQ8_0) == 34 && sizeof(BlockIQ4_NL) == 18);
static_assert(sizeof(BlockQ2_K) == 84 && sizeof(BlockQ3_K) == 110 && sizeof(BlockQ4_K) == 144 &&
              sizeof(BlockQ5_K) == 176 && sizeof(BlockQ6_K) == 210 && sizeof(BlockIQ4_XS) == 136);

// What the codes of IQ4_NL and IQ4_XS stand for.
constexpr int8_t kIQ4Values[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                   1,    13,   25,  38,  53,  69,  89,  113};

}  // namespace sparkllama
