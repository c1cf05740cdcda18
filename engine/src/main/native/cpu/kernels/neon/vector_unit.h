// The vector unit of panel products on 128-bit registers with dot products (Armv8.2).
#pragma once

#include <arm_neon.h>

#include <cstdint>

#include "cpu/kernels/neon/neon_kernels.h"
#include "tensor/block_layout.h"

namespace sparkllama {
namespace {

struct NeonUnit {
  using Int = int32x4_t;
  using Float = float32x4_t;
  static constexpr int kVectors = 4;
  static constexpr int kPanels = 1;
  static constexpr int kRows = neon::kTileRows;
  static constexpr bool kSingleTile = false;
  static constexpr bool kSubtractsOffset = true;

  static Int load(const uint8_t* from) { return vreinterpretq_s32_u8(vld1q_u8(from)); }
  static Int zero() { return vdupq_n_s32(0); }
  static Int broadcast(const void* from) {
    int32_t word;
    __builtin_memcpy(&word, from, sizeof(word));
    return vdupq_n_s32(word);
  }
  static Int add(Int a, Int b) { return vaddq_s32(a, b); }
  static Int subtract(Int a, Int b) { return vsubq_s32(a, b); }
  static Int multiply(Int a, Int b) { return vmulq_s32(a, b); }
  template <int kCount>
  static Int shift_left(Int a) {
    return vshlq_n_s32(a, kCount);
  }
  template <int kCount>
  static Int shift_right(Int a) {
    return vshrq_n_s32(a, kCount);
  }
  static Int exclusive_or(Int a, Int b) { return veorq_s32(a, b); }
  static Int constant(int32_t lane) { return vdupq_n_s32(lane); }
  static Int pair_shorts(Int low, Int high) { return vsliq_n_s32(low, high, 16); }
  static void store_codes(uint8_t* to, Int codes) { vst1q_u8(to, to_bytes(codes)); }
  template <int kBits, int kShift>
  static Int low_bits(Int bytes) {
    const uint8x16_t mask = vdupq_n_u8((1 << kBits) - 1);
    return from_bytes(vandq_u8(shift_bytes<kShift>(to_bytes(bytes)), mask));
  }
  template <int kBits, int kShift, int kTo>
  static Int place_bits(Int bytes) {
    const uint8x16_t mask = vdupq_n_u8(((1 << kBits) - 1) << kTo);
    return from_bytes(vandq_u8(shift_bytes<kShift - kTo>(to_bytes(bytes)), mask));
  }
  static Int either(Int a, Int b) { return vorrq_s32(a, b); }
  static Int table_codes(Int codes) {
    const uint8x16_t values = vreinterpretq_u8_s8(vld1q_s8(kIQ4Values));
    return from_bytes(veorq_u8(vqtbl1q_u8(values, to_bytes(codes)), vdupq_n_u8(128)));
  }
  // Codes below 128 are the same signed.
  static Int dot(Int sum, Int codes, Int activations) {
    return vdotq_s32(sum, vreinterpretq_s8_s32(codes), vreinterpretq_s8_s32(activations));
  }
  static Int dot_wide(Int sum, Int codes, Int activations) {
    return dot(sum, from_bytes(veorq_u8(to_bytes(codes), vdupq_n_u8(128))), activations);
  }
  static Int dot_shorts(Int sum, Int a, Int b) {
    const int16x8_t x = vreinterpretq_s16_s32(a);
    const int16x8_t y = vreinterpretq_s16_s32(b);
    const int32x4_t low = vmull_s16(vget_low_s16(x), vget_low_s16(y));
    return vaddq_s32(sum, vpaddq_s32(low, vmull_high_s16(x, y)));
  }
  static uint8x8_t load4(const uint8_t* from) {
    uint32_t word;
    __builtin_memcpy(&word, from, sizeof(word));
    return vreinterpret_u8_u32(vdup_n_u32(word));
  }
  static Int widen_unsigned(uint8x8_t bytes) {
    return vreinterpretq_s32_u32(vmovl_u16(vget_low_u16(vmovl_u8(bytes))));
  }
  static Int widen_signed(const uint8_t* from) {
    return vmovl_s16(vget_low_s16(vmovl_s8(vreinterpret_s8_u8(load4(from)))));
  }
  static Int widen_low_half(const uint8_t* from) {
    return widen_unsigned(vand_u8(load4(from), vdup_n_u8(15)));
  }
  static Int widen_high_half(const uint8_t* from) {
    return widen_unsigned(vshr_n_u8(load4(from), 4));
  }
  static Int widen_pairs(const uint8_t* from) {
    return vreinterpretq_s32_u16(vmovl_u8(vld1_u8(from)));
  }

  static Float zero_float() { return vdupq_n_f32(0.0f); }
  static Float to_float(Int a) { return vcvtq_f32_s32(a); }
  static Float broadcast_float(const float* from) { return vld1q_dup_f32(from); }
  static Float load_halves(const uint8_t* from) {
    uint16x4_t halves;
    __builtin_memcpy(&halves, from, sizeof(halves));
    return vcvt_f32_f16(vreinterpret_f16_u16(halves));
  }
  static Float load_bfloats(const uint8_t* from) {
    uint16x4_t halves;
    __builtin_memcpy(&halves, from, sizeof(halves));
    return vreinterpretq_f32_u32(vshll_n_u16(halves, 16));
  }
  static Float load_floats(const uint8_t* from) { return vreinterpretq_f32_u8(vld1q_u8(from)); }
  static Float multiply(Float a, Float b) { return vmulq_f32(a, b); }
  static Float fma(Float a, Float b, Float c) { return vfmaq_f32(c, a, b); }
  static Float fnma(Float a, Float b, Float c) { return vfmsq_f32(c, a, b); }
  // The first `count` lanes: all of them from 4 on, none below 1; others are zeros.
  static Float load_float(const float* from, int64_t count) {
    if (count >= 4) return vld1q_f32(from);
    float lanes[4] = {};
    for (int64_t i = 0; i < count; ++i) lanes[i] = from[i];
    return vld1q_f32(lanes);
  }
  static void store(float* to, int64_t count, Float value) {
    if (count >= 4) {
      vst1q_f32(to, value);
      return;
    }
    float lanes[4];
    vst1q_f32(lanes, value);
    for (int64_t i = 0; i < count; ++i) to[i] = lanes[i];
  }

 private:
  static uint8x16_t to_bytes(Int a) { return vreinterpretq_u8_s32(a); }
  static Int from_bytes(uint8x16_t a) { return vreinterpretq_s32_u8(a); }
  // To the right where the count is positive.
  template <int kCount>
  static uint8x16_t shift_bytes(uint8x16_t a) {
    if constexpr (kCount > 0) {
      return vshrq_n_u8(a, kCount);
    } else if constexpr (kCount < 0) {
      return vshlq_n_u8(a, -kCount);
    } else {
      return a;
    }
  }
};

}  // namespace
}  // namespace sparkllama
