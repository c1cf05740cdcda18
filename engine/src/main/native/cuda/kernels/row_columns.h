// Shares the columns of a row among the threads of a block. Device code.
#pragma once

#include <cstdint>

#include "cuda/platform.h"

namespace sparkllama::cuda {

// Calls store(i, load(i)) for the columns of this thread, the same ones each time. All loads of
// kAtOnce columns come before the first of their stores, so that they are under way together.
template <int kAtOnce = 8, typename Load, typename Store>
__device__ void for_columns(int64_t columns, Load load, Store store) {
  const auto step = static_cast<int32_t>(blockDim.x);
#pragma unroll 1
  for (auto first = static_cast<int32_t>(threadIdx.x); first < columns; first += kAtOnce * step) {
    float values[kAtOnce];
#pragma unroll
    for (int k = 0; k < kAtOnce; ++k) {
      const int32_t i = first + k * step;
      values[k] = i < columns ? load(i) : 0.0f;
    }
#pragma unroll
    for (int k = 0; k < kAtOnce; ++k) {
      const int32_t i = first + k * step;
      if (i < columns) store(i, values[k]);
    }
  }
}

}  // namespace sparkllama::cuda
