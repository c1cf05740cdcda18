// Unpacks eight weight rows of a K type, block by block, into panels whose lanes are outputs.
//
// Every function is a file's own copy. A type's struct says what its blocks hold:
//   kSigned: codes are int8 in full range, and their sign moves to the activation code;
//   kSubColumns: columns of a sub-block, 16 or 32;
//   kOffset: otherwise codes are unsigned and stand for code - kOffset;
//   kGroup: how many 16-bit sums of products can be added before they might overflow;
//   load(): the block's 256 codes in order;
//   subs(): 16 bytes, the sub-scales and from kMinimumByte on the sub-minimums.
#pragma once

#include "cpu/kernels/avx2/lanes.h"
#include "cpu/kernels/avx2/weight_codes.h"
#include "tensor/block_layout.h"

namespace sparkllama::avx2 {

constexpr int kPanelRows = 8;

// One block of eight rows.
struct Panel256 {
  alignas(32) uint8_t codes[64][32];       // [columns / 4, rows, 4]
  alignas(32) int16_t sub_scales[16][16];  // [sub-blocks, rows, 2]: each twice
  // [pairs of 16 columns, rows, 2]: what multiplies the sums of activation codes, either
  // the sub-minimums or offset * sub-scale.
  alignas(32) int16_t sum_factors[8][16];
  alignas(32) float scales[kPanelRows];
  alignas(32) float minimums[kPanelRows];
};

static inline void store_codes(uint8_t* to, __m256i codes) {
  _mm256_store_si256(reinterpret_cast<__m256i*>(to), codes);
}

// Two bits, from `shift` on, of every byte.
static inline __m256i two_bits(__m256i bytes, int shift) {
  return _mm256_and_si256(_mm256_srli_epi16(bytes, shift), _mm256_set1_epi8(3));
}

// One bit of every byte.
static inline __m256i one_bit(__m256i bytes, int shift) {
  return _mm256_and_si256(_mm256_srli_epi16(bytes, shift), _mm256_set1_epi8(1));
}

// Sub-scales [8] and sub-minimums [8] of Q4_K and Q5_K from 12 bytes of 6-bit fields.
static inline __m128i unpack_sub_pairs(const uint8_t* subs) {
  const uint32_t a = static_cast<uint32_t>(load_i32(subs));
  const uint32_t b = static_cast<uint32_t>(load_i32(subs + 4));
  const uint32_t c = static_cast<uint32_t>(load_i32(subs + 8));
  constexpr uint32_t kSix = 0x3f3f3f3f;
  constexpr uint32_t kFour = 0x0f0f0f0f;
  constexpr uint32_t kTwo = 0x03030303;
  return _mm_setr_epi32(
      static_cast<int>(a & kSix), static_cast<int>((c & kFour) | (((a >> 6) & kTwo) << 4)),
      static_cast<int>(b & kSix), static_cast<int>(((c >> 4) & kFour) | (((b >> 6) & kTwo) << 4)));
}

struct CodesQ2_K {
  using Block = BlockQ2_K;
  static constexpr bool kSigned = false;
  static constexpr bool kMinimum = true;
  static constexpr int kSubColumns = 16;
  static constexpr int kOffset = 0;
  static constexpr int kGroup = 4;  // 4 * 2 * 3 * 127 = 3048
  static void load(const uint8_t* block, __m256i (&codes)[8]) {
    for (int h = 0; h < 2; ++h) {
      const __m256i bytes = load_codes(block + offsetof(Block, codes) + 32 * h);
      for (int j = 0; j < 4; ++j) codes[4 * h + j] = two_bits(bytes, 2 * j);
    }
  }
  static __m128i subs(const uint8_t* block) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(block + offsetof(Block, subs)));
  }
};

struct CodesQ3_K {
  using Block = BlockQ3_K;
  static constexpr bool kSigned = false;
  static constexpr bool kMinimum = false;
  static constexpr int kSubColumns = 16;
  static constexpr int kOffset = 4;
  static constexpr int kGroup = 4;  // 4 * 2 * 7 * 127 = 7112
  static void load(const uint8_t* block, __m256i (&codes)[8]) {
    const __m256i third = load_codes(block + offsetof(Block, third_bits));
    for (int h = 0; h < 2; ++h) {
      const __m256i bytes = load_codes(block + offsetof(Block, codes) + 32 * h);
      for (int j = 0; j < 4; ++j) {
        const __m256i bit = _mm256_slli_epi16(one_bit(third, 4 * h + j), 2);
        codes[4 * h + j] = _mm256_or_si256(two_bits(bytes, 2 * j), bit);
      }
    }
  }
  static __m128i subs(const uint8_t* block) {
    const uint8_t* from = block + offsetof(Block, subs);
    const uint32_t a = static_cast<uint32_t>(load_i32(from));
    const uint32_t b = static_cast<uint32_t>(load_i32(from + 4));
    const uint32_t c = static_cast<uint32_t>(load_i32(from + 8));
    constexpr uint32_t kFour = 0x0f0f0f0f;
    constexpr uint32_t kTwo = 0x03030303;
    const __m128i codes =
        _mm_setr_epi32(static_cast<int>((a & kFour) | ((c & kTwo) << 4)),
                       static_cast<int>((b & kFour) | (((c >> 2) & kTwo) << 4)),
                       static_cast<int>(((a >> 4) & kFour) | (((c >> 4) & kTwo) << 4)),
                       static_cast<int>(((b >> 4) & kFour) | (((c >> 6) & kTwo) << 4)));
    return _mm_sub_epi8(codes, _mm_set1_epi8(32));
  }
};

struct CodesQ4_K {
  using Block = BlockQ4_K;
  static constexpr bool kSigned = false;
  static constexpr bool kMinimum = true;
  static constexpr int kSubColumns = 32;
  static constexpr int kOffset = 0;
  static constexpr int kGroup = 8;  // 8 * 2 * 15 * 127 = 30480
  static void load(const uint8_t* block, __m256i (&codes)[8]) {
    for (int j = 0; j < 4; ++j) {
      const __m256i bytes = load_codes(block + offsetof(Block, codes) + 32 * j);
      codes[2 * j] = low_nibbles(bytes);
      codes[2 * j + 1] = high_nibbles(bytes);
    }
  }
  static __m128i subs(const uint8_t* block) {
    return unpack_sub_pairs(block + offsetof(Block, subs));
  }
};

struct CodesQ5_K {
  using Block = BlockQ5_K;
  static constexpr bool kSigned = false;
  static constexpr bool kMinimum = true;
  static constexpr int kSubColumns = 32;
  static constexpr int kOffset = 0;
  static constexpr int kGroup = 4;  // 4 * 2 * 31 * 127 = 31496
  static void load(const uint8_t* block, __m256i (&codes)[8]) {
    const __m256i fifth = load_codes(block + offsetof(Block, fifth_bits));
    for (int j = 0; j < 4; ++j) {
      const __m256i bytes = load_codes(block + offsetof(Block, codes) + 32 * j);
      codes[2 * j] =
          _mm256_or_si256(low_nibbles(bytes), _mm256_slli_epi16(one_bit(fifth, 2 * j), 4));
      codes[2 * j + 1] =
          _mm256_or_si256(high_nibbles(bytes), _mm256_slli_epi16(one_bit(fifth, 2 * j + 1), 4));
    }
  }
  static __m128i subs(const uint8_t* block) {
    return unpack_sub_pairs(block + offsetof(Block, subs));
  }
};

struct CodesQ6_K {
  using Block = BlockQ6_K;
  static constexpr bool kSigned = false;
  static constexpr bool kMinimum = false;
  static constexpr int kSubColumns = 16;
  static constexpr int kOffset = 32;
  static constexpr int kGroup = 2;  // 2 * 2 * 63 * 127 = 32004
  static void load(const uint8_t* block, __m256i (&codes)[8]) {
    for (int h = 0; h < 2; ++h) {
      const __m256i even = load_codes(block + offsetof(Block, low_bits) + 64 * h);
      const __m256i odd = load_codes(block + offsetof(Block, low_bits) + 64 * h + 32);
      const __m256i high = load_codes(block + offsetof(Block, high_bits) + 32 * h);
      const __m256i low[4] = {low_nibbles(even), low_nibbles(odd), high_nibbles(even),
                              high_nibbles(odd)};
      for (int j = 0; j < 4; ++j) {
        codes[4 * h + j] = _mm256_or_si256(low[j], _mm256_slli_epi16(two_bits(high, 2 * j), 4));
      }
    }
  }
  static __m128i subs(const uint8_t* block) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(block + offsetof(Block, subs)));
  }
};

struct CodesIQ4_XS {
  using Block = BlockIQ4_XS;
  static constexpr bool kSigned = true;
  static constexpr bool kMinimum = false;
  static constexpr int kSubColumns = 32;
  static constexpr int kOffset = 0;
  static constexpr int kGroup = 1;  // 2 * 127 * 127 = 32258
  static void load(const uint8_t* block, __m256i (&codes)[8]) {
    for (int s = 0; s < 8; ++s) {
      codes[s] = iq4_values(nibble_codes(block + offsetof(Block, codes) + 16 * s));
    }
  }
  static __m128i subs(const uint8_t* block) {
    const uint32_t low = static_cast<uint32_t>(load_i32(block + offsetof(Block, sub_low_bits)));
    constexpr uint32_t kFour = 0x0f0f0f0f;
    const __m128i even = _mm_cvtsi32_si128(static_cast<int>(low & kFour));
    const __m128i odd = _mm_cvtsi32_si128(static_cast<int>((low >> 4) & kFour));
    // Word s gets the byte with its two bits, and the factor moves them to bits 6 and 7.
    const __m128i high = _mm_cvtsi32_si128(load_u16(block + offsetof(Block, sub_high_bits)));
    const __m128i spread = _mm_shuffle_epi8(
        high, _mm_setr_epi8(0, -1, 0, -1, 0, -1, 0, -1, 1, -1, 1, -1, 1, -1, 1, -1));
    const __m128i moved = _mm_mullo_epi16(spread, _mm_setr_epi16(64, 16, 4, 1, 64, 16, 4, 1));
    const __m128i two = _mm_and_si128(_mm_srli_epi16(moved, 2), _mm_set1_epi16(0x30));
    const __m128i codes =
        _mm_or_si128(_mm_unpacklo_epi8(even, odd), _mm_packus_epi16(two, _mm_setzero_si128()));
    return _mm_sub_epi8(codes, _mm_set1_epi8(32));
  }
};

// rows[i] byte j becomes bytes[j] lane i of 8.
static inline void transpose_bytes(const __m128i (&rows)[8], uint8_t (&bytes)[16][8]) {
  __m128i pairs[8];
  for (int i = 0; i < 4; ++i) {
    pairs[2 * i] = _mm_unpacklo_epi8(rows[2 * i], rows[2 * i + 1]);
    pairs[2 * i + 1] = _mm_unpackhi_epi8(rows[2 * i], rows[2 * i + 1]);
  }
  // half: bytes 0..7 of the rows, then 8..15
  for (int half = 0; half < 2; ++half) {
    const __m128i a = _mm_unpacklo_epi16(pairs[half], pairs[half + 2]);
    const __m128i b = _mm_unpackhi_epi16(pairs[half], pairs[half + 2]);
    const __m128i c = _mm_unpacklo_epi16(pairs[half + 4], pairs[half + 6]);
    const __m128i d = _mm_unpackhi_epi16(pairs[half + 4], pairs[half + 6]);
    __m128i* to = reinterpret_cast<__m128i*>(bytes[8 * half]);
    _mm_storeu_si128(to, _mm_unpacklo_epi32(a, c));
    _mm_storeu_si128(to + 1, _mm_unpackhi_epi32(a, c));
    _mm_storeu_si128(to + 2, _mm_unpacklo_epi32(b, d));
    _mm_storeu_si128(to + 3, _mm_unpackhi_epi32(b, d));
  }
}

// Puts the low 16 bits of each lane of two vectors next to each other.
static inline void store_pairs(int16_t* to, __m256i even, __m256i odd) {
  const __m256i pairs = _mm256_blend_epi16(even, _mm256_slli_epi32(odd, 16), 0xaa);
  _mm256_store_si256(reinterpret_cast<__m256i*>(to), pairs);
}

static inline __m256i widen_signed(const uint8_t (&bytes)[8]) {
  return _mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(bytes)));
}

// Writes sub_scales and sum_factors from the sub-block bytes of the eight rows.
template <typename Codes>
static inline void fill_subs(Panel256& panel, const __m128i (&rows)[8]) {
  constexpr int kSubs = 256 / Codes::kSubColumns;
  constexpr bool kNibbles = kSubs == 16 && Codes::kMinimum;  // Q2_K: both in one byte
  uint8_t bytes[16][8];
  transpose_bytes(rows, bytes);
  const __m256i low = _mm256_set1_epi32(15);
  for (int s = 0; s < kSubs; ++s) {
    __m256i scale = widen_signed(bytes[s]);
    if constexpr (kNibbles) scale = _mm256_and_si256(scale, low);
    store_pairs(panel.sub_scales[s], scale, scale);
  }
  for (int j = 0; j < 8; ++j) {
    if constexpr (kNibbles) {
      const __m256i even = _mm256_srli_epi32(widen_signed(bytes[2 * j]), 4);
      const __m256i odd = _mm256_srli_epi32(widen_signed(bytes[2 * j + 1]), 4);
      store_pairs(panel.sum_factors[j], _mm256_and_si256(even, low), _mm256_and_si256(odd, low));
    } else if constexpr (Codes::kMinimum) {
      const __m256i minimum = widen_signed(bytes[8 + j]);
      store_pairs(panel.sum_factors[j], minimum, minimum);
    } else if constexpr (Codes::kOffset > 0) {
      const __m256i offset = _mm256_set1_epi32(Codes::kOffset);
      store_pairs(panel.sum_factors[j], _mm256_mullo_epi32(widen_signed(bytes[2 * j]), offset),
                  _mm256_mullo_epi32(widen_signed(bytes[2 * j + 1]), offset));
    }
  }
}

// Unpacks block `block` of the rows.
template <typename Codes>
static inline void fill(Panel256& panel, const uint8_t* const (&rows)[kPanelRows], int64_t block) {
  using Block = typename Codes::Block;
  __m256i codes[kPanelRows][8];  // [rows, columns / 32]
  __m128i subs[kPanelRows];
  alignas(16) uint16_t scales[kPanelRows];
  alignas(16) uint16_t minimums[kPanelRows] = {};
  for (int i = 0; i < kPanelRows; ++i) {
    const uint8_t* from = rows[i] + block * static_cast<int64_t>(sizeof(Block));
    Codes::load(from, codes[i]);
    subs[i] = Codes::subs(from);
    scales[i] = load_u16(from + offsetof(Block, scale));
    if constexpr (Codes::kMinimum) minimums[i] = load_u16(from + offsetof(Block, minimum));
  }
  for (int g = 0; g < 8; ++g) {
    __m256i columns[8];
    for (int i = 0; i < kPanelRows; ++i) columns[i] = codes[i][g];
    transpose(columns);
    for (int j = 0; j < 8; ++j) store_codes(panel.codes[8 * g + j], columns[j]);
  }
  fill_subs<Codes>(panel, subs);
  _mm256_store_ps(panel.scales, widen_halves(scales));
  if constexpr (Codes::kMinimum) _mm256_store_ps(panel.minimums, widen_halves(minimums));
}

}  // namespace sparkllama::avx2
