// Gives kernels what a warp and its tensor cores do together, on a device and in the emulation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "cuda/platform.h"

#if !defined(SPARKLLAMA_CUDA_EMULATED)
#include <cuda_fp16.h>
#else
#include <cmath>

#include "base/half.h"
#endif

namespace sparkllama::cuda {

constexpr int kWarpSize = 32;

// Before a loop over arrays that are to stay in registers; and before one that is unrolled n times,
// a constant.
#if defined(SPARKLLAMA_CUDA_EMULATED)
#define SPARKLLAMA_UNROLL
#define SPARKLLAMA_UNROLL_BY(n)
#else
#define SPARKLLAMA_PRAGMA(text) _Pragma(#text)
#define SPARKLLAMA_UNROLL SPARKLLAMA_PRAGMA(unroll)
#define SPARKLLAMA_UNROLL_BY(n) SPARKLLAMA_PRAGMA(unroll n)
#endif

__device__ inline float fused(float a, float b, float c) {
#if defined(SPARKLLAMA_CUDA_EMULATED)
  return __builtin_fmaf(a, b, c);
#else
  return __fmaf_rn(a, b, c);
#endif
}

__device__ inline uint32_t bits_of(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

__device__ inline float float_of(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

// Of IEEE binary16 bits; exact.
__device__ inline float widened(uint16_t bits) {
#if defined(SPARKLLAMA_CUDA_EMULATED)
  return half_to_float(bits);
#else
  return __half2float(__ushort_as_half(bits));
#endif
}

// The bits of the nearest binary16, ties to even.
__device__ inline uint16_t narrowed(float value) {
#if defined(SPARKLLAMA_CUDA_EMULATED)
  return float_to_half(value);
#else
  return __half_as_ushort(__float2half_rn(value));
#endif
}

__device__ inline void sync_block() {
#if defined(SPARKLLAMA_CUDA_EMULATED)
  emulation::sync_block();
#else
  __syncthreads();
#endif
}

// All lanes of the warp come here; what they wrote before is seen by all after.
__device__ inline void sync_warp() {
#if defined(SPARKLLAMA_CUDA_EMULATED)
  const char none = 0;
  emulation::exchange(&none, sizeof none);
#else
  __syncwarp();
#endif
}

// Returns the value of the lane whose number differs from this one's in the bits of the mask.
template <typename T>
__device__ T shuffle_xor(T value, int mask) {
#if defined(SPARKLLAMA_CUDA_EMULATED)
  const std::byte* all = emulation::exchange(&value, sizeof(T));
  T result;
  std::memcpy(&result, all + ((threadIdx.x % kWarpSize) ^ mask) * sizeof(T), sizeof(T));
  return result;
#else
  return __shfl_xor_sync(0xffffffffu, value, mask);
#endif
}

// Returns the value of a lane; each may ask for another.
template <typename T>
__device__ T shuffle(T value, int lane) {
#if defined(SPARKLLAMA_CUDA_EMULATED)
  const std::byte* all = emulation::exchange(&value, sizeof(T));
  T result;
  std::memcpy(&result, all + lane * sizeof(T), sizeof(T));
  return result;
#else
  return __shfl_sync(0xffffffffu, value, lane);
#endif
}

// Bit l is whether it holds in lane l.
__device__ inline uint32_t lanes_where(bool holds) {
#if defined(SPARKLLAMA_CUDA_EMULATED)
  const std::byte* all = emulation::exchange(&holds, 1);
  uint32_t bits = 0;
  for (int lane = 0; lane < kWarpSize; ++lane) {
    bits |= static_cast<uint32_t>(all[lane] != std::byte{0}) << lane;
  }
  return bits;
#else
  return __ballot_sync(0xffffffffu, holds);
#endif
}

// Whether the codes of an integer product's first matrix have a sign.
enum class CodeSign { kSigned, kUnsigned };

// d = a b + c over integers, exact: a is 16 x 32 codes of 8 bits, b is 32 x 8 of them, signed.
// With g = lane / 4 and t = lane % 4, a lane holds four codes to a word, of
//   a: words of row g, columns 4 t..; row g + 8, likewise; row g, columns 16 + 4 t..; row g + 8
//   b: words of column g, rows 4 t..; rows 16 + 4 t..
//   c, d: row g, columns 2 t and 2 t + 1; row g + 8, likewise
template <CodeSign kSign>
__device__ void multiply_codes(int32_t (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2],
                               const int32_t (&c)[4]) {
#if defined(SPARKLLAMA_CUDA_EMULATED)
  uint32_t mine[6] = {a[0], a[1], a[2], a[3], b[0], b[1]};
  const std::byte* all = emulation::exchange(mine, sizeof mine);
  const auto code = [all](int lane, int word, int byte) {
    return static_cast<uint8_t>(all[lane * sizeof(mine) + word * 4 + byte]);
  };
  const int lane = static_cast<int>(threadIdx.x) % kWarpSize;
  int32_t result[4];
  for (int i = 0; i < 4; ++i) {
    const int row_word = i / 2;
    const int column = 2 * (lane % 4) + i % 2;
    int64_t sum = c[i];
    for (int k = 0; k < 32; ++k) {
      const int from = k % 16 / 4;
      const uint8_t x = code(lane / 4 * 4 + from, row_word + k / 16 * 2, k % 4);
      const auto y = static_cast<int8_t>(code(column * 4 + from, 4 + k / 16, k % 4));
      sum += (kSign == CodeSign::kSigned ? int32_t{static_cast<int8_t>(x)} : int32_t{x}) * y;
    }
    result[i] = static_cast<int32_t>(sum);
  }
  std::memcpy(d, result, sizeof result);
#else
  if constexpr (kSign == CodeSign::kSigned) {
    asm volatile(
        "mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
        "{%10,%11,%12,%13};"
        : "=r"(d[0]), "=r"(d[1]), "=r"(d[2]), "=r"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]), "r"(c[0]), "r"(c[1]),
          "r"(c[2]), "r"(c[3]));
  } else {
    asm volatile(
        "mma.sync.aligned.m16n8k32.row.col.s32.u8.s8.s32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
        "{%10,%11,%12,%13};"
        : "=r"(d[0]), "=r"(d[1]), "=r"(d[2]), "=r"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]), "r"(c[0]), "r"(c[1]),
          "r"(c[2]), "r"(c[3]));
  }
#endif
}

// The same for a of 16 x 16 codes and b of 16 x 8. A lane holds words of
//   a: row g, columns 4 t..; row g + 8
//   b: column g, rows 4 t..
template <CodeSign kSign>
__device__ void multiply_codes(int32_t (&d)[4], const uint32_t (&a)[2], uint32_t b,
                               const int32_t (&c)[4]) {
#if defined(SPARKLLAMA_CUDA_EMULATED)
  // What is not there counts nothing.
  const uint32_t whole_a[4] = {a[0], a[1], 0, 0};
  const uint32_t whole_b[2] = {b, 0};
  multiply_codes<kSign>(d, whole_a, whole_b, c);
#else
  if constexpr (kSign == CodeSign::kSigned) {
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.s32.s8.s8.s32 {%0,%1,%2,%3}, {%4,%5}, {%6}, "
        "{%7,%8,%9,%10};"
        : "=r"(d[0]), "=r"(d[1]), "=r"(d[2]), "=r"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(b), "r"(c[0]), "r"(c[1]), "r"(c[2]), "r"(c[3]));
  } else {
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.s32.u8.s8.s32 {%0,%1,%2,%3}, {%4,%5}, {%6}, "
        "{%7,%8,%9,%10};"
        : "=r"(d[0]), "=r"(d[1]), "=r"(d[2]), "=r"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(b), "r"(c[0]), "r"(c[1]), "r"(c[2]), "r"(c[3]));
  }
#endif
}

// Begins to copy 16 bytes from global to shared memory, both on a border of 16.
__device__ inline void copy_async(void* shared, const void* global) {
#if defined(SPARKLLAMA_CUDA_EMULATED)
  emulation::copy_async(shared, global);
#else
  const auto to = static_cast<uint32_t>(__cvta_generic_to_shared(shared));
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(to), "l"(global) : "memory");
#endif
}

// Closes a group of this thread's copies.
__device__ inline void commit_copies() {
#if defined(SPARKLLAMA_CUDA_EMULATED)
  emulation::commit_copies();
#else
  asm volatile("cp.async.commit_group;" ::: "memory");
#endif
}

// Waits until all but the latest groups of this thread are done; other threads see them after the
// next barrier.
template <int kLeft>
__device__ void wait_for_copies() {
#if defined(SPARKLLAMA_CUDA_EMULATED)
  emulation::wait_for_copies(kLeft);
#else
  asm volatile("cp.async.wait_group %0;" ::"n"(kLeft) : "memory");
#endif
}

struct FloatPair {
  float first;
  float second;
};

// Of two binary16 side by side, the first in the low half; exact.
__device__ inline FloatPair widened_pair(uint32_t bits) {
#if defined(SPARKLLAMA_CUDA_EMULATED)
  return {half_to_float(static_cast<uint16_t>(bits)),
          half_to_float(static_cast<uint16_t>(bits >> 16))};
#else
  __half2 halves;
  memcpy(&halves, &bits, sizeof halves);
  const float2 wide = __half22float2(halves);
  return {wide.x, wide.y};
#endif
}

// 16 bytes that are loaded and stored at once, on a border of 16.
struct alignas(16) FloatQuad {
  float at[4];
};

// How many bits are 1.
__device__ inline int set_bits(uint32_t bits) {
#if defined(SPARKLLAMA_CUDA_EMULATED)
  return __builtin_popcount(bits);
#else
  return __popc(bits);
#endif
}

// Words that one load brings, from a border of their size.
template <int kCount>
struct alignas(4 * kCount) Words {
  uint32_t words[kCount];
};

template <int kCount>
__device__ Words<kCount> load_words(const void* from) {
#if defined(SPARKLLAMA_CUDA_EMULATED)
  Words<kCount> loaded;
  std::memcpy(&loaded, __builtin_assume_aligned(from, sizeof loaded), sizeof loaded);
  return loaded;
#else
  return *static_cast<const Words<kCount>*>(from);
#endif
}

// Byte i of the result is the byte of the word that the selector's digit i names.
__device__ inline uint32_t pick_bytes(uint32_t word, uint32_t selector) {
#if defined(SPARKLLAMA_CUDA_EMULATED)
  uint32_t picked = 0;
  for (int i = 0; i < 4; ++i) {
    picked |= (word >> ((selector >> (4 * i)) % 4 * 8) & 0xffu) << (8 * i);
  }
  return picked;
#else
  return __byte_perm(word, 0, selector);
#endif
}

}  // namespace sparkllama::cuda
