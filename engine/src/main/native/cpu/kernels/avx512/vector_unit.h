// The vector unit of panel products on 512-bit registers with VNNI.
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "cpu/kernels/avx512/avx512_kernels.h"
#include "tensor/block_layout.h"

namespace sparkllama {
namespace {

struct Avx512Unit {
  using Int = __m512i;
  using Float = __m512;
  static constexpr int kVectors = 1;
  static constexpr int kPanels = 2;
  static constexpr int kRows = avx512::kTileRows;
  static constexpr bool kSingleTile = false;
  static constexpr bool kSubtractsOffset = false;

  static Int load(const uint8_t* from) { return _mm512_load_si512(from); }
  static Int zero() { return _mm512_setzero_si512(); }
  static Int broadcast(const void* from) {
    int32_t word;
    __builtin_memcpy(&word, from, sizeof(word));
    return _mm512_set1_epi32(word);
  }
  static Int add(Int a, Int b) { return _mm512_add_epi32(a, b); }
  static Int subtract(Int a, Int b) { return _mm512_sub_epi32(a, b); }
  static Int multiply(Int a, Int b) { return _mm512_mullo_epi32(a, b); }
  template <int kCount>
  static Int shift_left(Int a) {
    return _mm512_slli_epi32(a, kCount);
  }
  template <int kCount>
  static Int shift_right(Int a) {
    return _mm512_srai_epi32(a, kCount);
  }
  static Int exclusive_or(Int a, Int b) { return _mm512_xor_si512(a, b); }
  static Int constant(int32_t lane) { return _mm512_set1_epi32(lane); }
  static Int pair_shorts(Int low, Int high) {
    return _mm512_mask_blend_epi16(0xaaaaaaaa, low, _mm512_slli_epi32(high, 16));
  }
  static void store_codes(uint8_t* to, Int codes) { _mm512_store_si512(to, codes); }
  template <int kBits, int kShift>
  static Int low_bits(Int bytes) {
    const Int mask = _mm512_set1_epi8((1 << kBits) - 1);
    return _mm512_and_si512(kShift == 0 ? bytes : _mm512_srli_epi16(bytes, kShift), mask);
  }
  template <int kBits, int kShift, int kTo>
  static Int place_bits(Int bytes) {
    const Int mask = _mm512_set1_epi8(((1 << kBits) - 1) << kTo);
    Int moved = bytes;
    if constexpr (kShift > kTo) moved = _mm512_srli_epi16(bytes, kShift - kTo);
    if constexpr (kShift < kTo) moved = _mm512_slli_epi16(bytes, kTo - kShift);
    return _mm512_and_si512(moved, mask);
  }
  static Int either(Int a, Int b) { return _mm512_or_si512(a, b); }
  static Int table_codes(Int codes) {
    const __m128i values = _mm_loadu_si128(reinterpret_cast<const __m128i*>(kIQ4Values));
    const __m128i shifted = _mm_xor_si128(values, _mm_set1_epi8(-128));
    return _mm512_shuffle_epi8(_mm512_broadcast_i32x4(shifted), codes);
  }
  static Int dot(Int sum, Int codes, Int activations) {
    return _mm512_dpbusd_epi32(sum, codes, activations);
  }
  static Int dot_wide(Int sum, Int codes, Int activations) {
    return _mm512_dpbusd_epi32(sum, codes, activations);
  }
  static Int dot_shorts(Int sum, Int a, Int b) { return _mm512_dpwssd_epi32(sum, a, b); }
  static __m128i load16(const uint8_t* from) {
    return _mm_load_si128(reinterpret_cast<const __m128i*>(from));
  }
  static Int widen_signed(const uint8_t* from) { return _mm512_cvtepi8_epi32(load16(from)); }
  static Int widen_low_half(const uint8_t* from) {
    return _mm512_cvtepu8_epi32(_mm_and_si128(load16(from), _mm_set1_epi8(15)));
  }
  static Int widen_high_half(const uint8_t* from) {
    return _mm512_cvtepu8_epi32(_mm_and_si128(_mm_srli_epi16(load16(from), 4), _mm_set1_epi8(15)));
  }
  static Int widen_pairs(const uint8_t* from) {
    return _mm512_cvtepu8_epi16(_mm256_load_si256(reinterpret_cast<const __m256i*>(from)));
  }

  static Float zero_float() { return _mm512_setzero_ps(); }
  static Float to_float(Int a) { return _mm512_cvtepi32_ps(a); }
  static Float broadcast_float(const float* from) { return _mm512_set1_ps(*from); }
  static Float load_halves(const uint8_t* from) {
    return _mm512_cvtph_ps(_mm256_load_si256(reinterpret_cast<const __m256i*>(from)));
  }
  static Float load_bfloats(const uint8_t* from) {
    const __m256i halves = _mm256_load_si256(reinterpret_cast<const __m256i*>(from));
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
  }
  static Float load_floats(const uint8_t* from) { return _mm512_load_ps(from); }
  static Float multiply(Float a, Float b) { return _mm512_mul_ps(a, b); }
  static Float fma(Float a, Float b, Float c) { return _mm512_fmadd_ps(a, b, c); }
  static Float fnma(Float a, Float b, Float c) { return _mm512_fnmadd_ps(a, b, c); }
  // The first `count` lanes, all of them from 16 on and none below 1; others are zeros.
  static Float load_float(const float* from, int64_t count) {
    return _mm512_maskz_loadu_ps(mask(count), from);
  }
  static void store(float* to, int64_t count, Float value) {
    _mm512_mask_storeu_ps(to, mask(count), value);
  }

 private:
  static __mmask16 mask(int64_t count) {
    return static_cast<__mmask16>(count >= 16 ? 0xffff : (1 << count) - 1);
  }
};

}  // namespace
}  // namespace sparkllama
