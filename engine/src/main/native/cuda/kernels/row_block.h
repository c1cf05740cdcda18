// Names the threads that work on one row of logits together, and what they agree on. Device code.
#pragma once

#include <cstdint>

#include "cuda/intrinsics.h"

namespace sparkllama::cuda {

// Warps that compute exponentials, and one more that adds them up: the last, which schedulers
// prefer, for the row waits for its chains of additions.
constexpr int kRowProducers = 512;
constexpr int kRowThreads = kRowProducers + kWarpSize;
constexpr int kRowWarps = kRowThreads / kWarpSize;

// At the beginning of a block's shared memory; the work of each step follows it.
struct RowScratch {
  uint64_t of_warps[kRowWarps];
  double sum;
  int32_t index;
};
constexpr int kRowScratchBytes = 256;
static_assert(sizeof(RowScratch) <= kRowScratchBytes);

__device__ inline RowScratch& row_scratch() {
  return *reinterpret_cast<RowScratch*>(dynamic_shared());
}

template <typename T>
__device__ T* row_work() {
  return reinterpret_cast<T*>(dynamic_shared() + kRowScratchBytes);
}

__device__ inline int row_thread() { return static_cast<int>(threadIdx.x); }
__device__ inline int row_warp() { return static_cast<int>(threadIdx.x) / kWarpSize; }
__device__ inline int row_lane() { return static_cast<int>(threadIdx.x) % kWarpSize; }

constexpr uint64_t kNoRank = 0;
constexpr uint64_t kNotANumberRank = ~uint64_t{0};

// Higher for a higher number, and among equals for a lower index; above kNoRank, and for numbers
// below kNotANumberRank. Zeros are equal.
__device__ inline uint64_t rank_of(float value, int32_t index) {
  const uint32_t bits = value == 0.0f ? 0u : bits_of(value);
  const uint32_t order = (bits >> 31) != 0 ? ~bits : bits | 0x80000000u;
  return static_cast<uint64_t>(order) << 32 | (0xffffffffu - static_cast<uint32_t>(index));
}

__device__ inline int32_t index_of(uint64_t rank) {
  return static_cast<int32_t>(0xffffffffu - static_cast<uint32_t>(rank));
}

__device__ inline uint64_t higher(uint64_t a, uint64_t b) { return a > b ? a : b; }

__device__ inline uint64_t highest_of_warp(uint64_t mine) {
  for (int mask = kWarpSize / 2; mask > 0; mask /= 2) mine = higher(mine, shuffle_xor(mine, mask));
  return mine;
}

// All threads come here. What they wrote before is seen by all after.
__device__ inline uint64_t highest_of_row(uint64_t mine) {
  uint64_t* of_warps = row_scratch().of_warps;
  mine = highest_of_warp(mine);
  if (row_lane() == 0) of_warps[row_warp()] = mine;
  sync_block();
  uint64_t highest = of_warps[0];
  for (int warp = 1; warp < kRowWarps; ++warp) highest = higher(highest, of_warps[warp]);
  sync_block();  // before they are written again
  return highest;
}

// All threads come here, likewise.
__device__ inline int32_t sum_of_row(int32_t mine) {
  uint64_t* of_warps = row_scratch().of_warps;
  for (int mask = kWarpSize / 2; mask > 0; mask /= 2) mine += shuffle_xor(mine, mask);
  if (row_lane() == 0) of_warps[row_warp()] = static_cast<uint64_t>(mine);
  sync_block();
  int32_t sum = 0;
  for (int warp = 0; warp < kRowWarps; ++warp) sum += static_cast<int32_t>(of_warps[warp]);
  sync_block();  // before they are written again
  return sum;
}

// Lane l += lane l + 8, then 4, 2, 1, in each half of the warp; its first lane has the sum.
__device__ inline double sum_of_half_warp(double mine) {
  for (int mask = 8; mask > 0; mask /= 2) mine += shuffle_xor(mine, mask);
  return mine;
}

}  // namespace sparkllama::cuda
