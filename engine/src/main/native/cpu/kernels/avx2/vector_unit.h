// The vector unit of panel products on 256-bit registers without VNNI.
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "cpu/kernels/avx2/avx2_kernels.h"
#include "tensor/block_layout.h"

namespace sparkllama {
namespace {

struct Avx2Unit {
  using Int = __m256i;
  using Float = __m256;
  static constexpr int kVectors = 2;
  static constexpr int kPanels = 1;
  static constexpr int kRows = avx2::kTileRows;
  static constexpr bool kSingleTile = false;
  static constexpr bool kSubtractsOffset = true;

  static Int load(const uint8_t* from) {
    return _mm256_load_si256(reinterpret_cast<const __m256i*>(from));
  }
  static Int zero() { return _mm256_setzero_si256(); }
  static Int broadcast(const void* from) {
    int32_t word;
    __builtin_memcpy(&word, from, sizeof(word));
    return _mm256_set1_epi32(word);
  }
  static Int add(Int a, Int b) { return _mm256_add_epi32(a, b); }
  static Int subtract(Int a, Int b) { return _mm256_sub_epi32(a, b); }
  static Int multiply(Int a, Int b) { return _mm256_mullo_epi32(a, b); }
  template <int kCount>
  static Int shift_left(Int a) {
    return _mm256_slli_epi32(a, kCount);
  }
  template <int kCount>
  static Int shift_right(Int a) {
    return _mm256_srai_epi32(a, kCount);
  }
  static Int exclusive_or(Int a, Int b) { return _mm256_xor_si256(a, b); }
  static Int constant(int32_t lane) { return _mm256_set1_epi32(lane); }
  static Int pair_shorts(Int low, Int high) {
    return _mm256_blend_epi16(low, _mm256_slli_epi32(high, 16), 0xaa);
  }
  static void store_codes(uint8_t* to, Int codes) {
    _mm256_store_si256(reinterpret_cast<__m256i*>(to), codes);
  }
  template <int kBits, int kShift>
  static Int low_bits(Int bytes) {
    const Int mask = _mm256_set1_epi8((1 << kBits) - 1);
    return _mm256_and_si256(kShift == 0 ? bytes : _mm256_srli_epi16(bytes, kShift), mask);
  }
  template <int kBits, int kShift, int kTo>
  static Int place_bits(Int bytes) {
    const Int mask = _mm256_set1_epi8(((1 << kBits) - 1) << kTo);
    Int moved = bytes;
    if constexpr (kShift > kTo) moved = _mm256_srli_epi16(bytes, kShift - kTo);
    if constexpr (kShift < kTo) moved = _mm256_slli_epi16(bytes, kTo - kShift);
    return _mm256_and_si256(moved, mask);
  }
  static Int either(Int a, Int b) { return _mm256_or_si256(a, b); }
  static Int table_codes(Int codes) {
    const __m128i values = _mm_loadu_si128(reinterpret_cast<const __m128i*>(kIQ4Values));
    const __m128i shifted = _mm_xor_si128(values, _mm_set1_epi8(-128));
    return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(shifted), codes);
  }
  // Pairs of products stay below 2 * 63 * 127 < 2^15.
  static Int dot(Int sum, Int codes, Int activations) {
    const Int pairs = _mm256_maddubs_epi16(codes, activations);
    return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
  }
  // Above 127 a pair could exceed 16 bits: the code's sign moves to the activation, which is within
  // 127, and pairs stay within 2 * 128 * 127 < 2^15.
  static Int dot_wide(Int sum, Int codes, Int activations) {
    const Int meant = _mm256_xor_si256(codes, _mm256_set1_epi8(-128));
    return dot(sum, _mm256_abs_epi8(meant), _mm256_sign_epi8(activations, meant));
  }
  static Int dot_shorts(Int sum, Int a, Int b) {
    return _mm256_add_epi32(sum, _mm256_madd_epi16(a, b));
  }
  static __m128i load8(const uint8_t* from) {
    return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from));
  }
  static Int widen_signed(const uint8_t* from) { return _mm256_cvtepi8_epi32(load8(from)); }
  static Int widen_low_half(const uint8_t* from) {
    return _mm256_cvtepu8_epi32(_mm_and_si128(load8(from), _mm_set1_epi8(15)));
  }
  static Int widen_high_half(const uint8_t* from) {
    return _mm256_cvtepu8_epi32(_mm_and_si128(_mm_srli_epi16(load8(from), 4), _mm_set1_epi8(15)));
  }
  static Int widen_pairs(const uint8_t* from) {
    return _mm256_cvtepu8_epi16(_mm_load_si128(reinterpret_cast<const __m128i*>(from)));
  }

  static Float zero_float() { return _mm256_setzero_ps(); }
  static Float to_float(Int a) { return _mm256_cvtepi32_ps(a); }
  static Float broadcast_float(const float* from) { return _mm256_broadcast_ss(from); }
  static Float load_halves(const uint8_t* from) {
    return _mm256_cvtph_ps(_mm_load_si128(reinterpret_cast<const __m128i*>(from)));
  }
  static Float load_bfloats(const uint8_t* from) {
    const __m128i halves = _mm_load_si128(reinterpret_cast<const __m128i*>(from));
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
  }
  static Float load_floats(const uint8_t* from) {
    return _mm256_load_ps(reinterpret_cast<const float*>(from));
  }
  static Float multiply(Float a, Float b) { return _mm256_mul_ps(a, b); }
  static Float fma(Float a, Float b, Float c) { return _mm256_fmadd_ps(a, b, c); }
  static Float fnma(Float a, Float b, Float c) { return _mm256_fnmadd_ps(a, b, c); }
  // The first `count` lanes: all of them from 8 on, none below 1; others are zeros.
  static Float load_float(const float* from, int64_t count) {
    return count >= 8 ? _mm256_loadu_ps(from) : _mm256_maskload_ps(from, mask(count));
  }
  static void store(float* to, int64_t count, Float value) {
    if (count >= 8) {
      _mm256_storeu_ps(to, value);
    } else {
      _mm256_maskstore_ps(to, mask(count), value);
    }
  }

 private:
  static __m256i mask(int64_t count) {
    const __m256i index = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int32_t>(count)), index);
  }
};

}  // namespace
}  // namespace sparkllama
