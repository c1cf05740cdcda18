// Sums rows in the order that all kernels keep: 16 lanes, element i in lane i mod 16, then a tree.
#pragma once

#include <cmath>
#include <cstdint>

#include "cuda/intrinsics.h"

namespace sparkllama::cuda {

constexpr int32_t kSumLanes = 16;

// Returns the sum over a row in shared memory, where add(sum, x) is a step of a lane's chain. Half
// a warp comes with a row, all lanes of the warp come with as many columns, and each half gets its
// sum. What counts is the latency of a chain's steps: elements are read ahead of them.
template <typename Add>
__device__ float sum_in_lanes(const float* row, int32_t columns, Add add) {
  constexpr int kAhead = 16;
  constexpr int32_t kBatch = kSumLanes * kAhead;
  const int32_t lane = static_cast<int32_t>(threadIdx.x) % kSumLanes;
  const int32_t whole = columns / kBatch * kBatch;
  float sum = 0.0f;
  float next[kAhead];
  if (whole > 0) {
#pragma unroll
    for (int k = 0; k < kAhead; ++k) next[k] = row[lane + k * kSumLanes];
  }
#pragma unroll 1
  for (int32_t first = 0; first < whole; first += kBatch) {
    float now[kAhead];
#pragma unroll
    for (int k = 0; k < kAhead; ++k) now[k] = next[k];
    if (first + kBatch < whole) {
#pragma unroll
      for (int k = 0; k < kAhead; ++k) next[k] = row[first + kBatch + lane + k * kSumLanes];
    }
#pragma unroll
    for (int k = 0; k < kAhead; ++k) sum = add(sum, now[k]);
  }
#pragma unroll 4
  for (int32_t i = whole + lane; i < columns; i += kSumLanes) sum = add(sum, row[i]);
#pragma unroll
  for (int mask = kSumLanes / 2; mask > 0; mask /= 2) sum += shuffle_xor(sum, mask);
  return sum;
}

__device__ inline float sum_of_squares(const float* row, int32_t columns) {
  return sum_in_lanes(row, columns, [](float sum, float x) { return fused(x, x, sum); });
}

// What elements of a row with this mean square or variance are multiplied by.
__device__ inline float inverse_root(float mean_square, float epsilon) {
  return 1.0f / sqrtf(mean_square + epsilon);
}

}  // namespace sparkllama::cuda
