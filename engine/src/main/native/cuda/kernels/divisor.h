// Divides indices by what stays the same in a launch, without a division on the device.
#pragma once

#include <cstdint>

#include "cuda/platform.h"

namespace sparkllama::cuda {

// Exact for numbers that are not below 0, where (number + 1) * value is at most 2^32.
struct Divisor {
  int32_t value = 1;
  uint32_t inverse = 0xffffffffu;  // (2^32 - 1) / value, rounded down

  __device__ int32_t quotient(int32_t number) const {
    const uint64_t product = (uint64_t{static_cast<uint32_t>(number)} + 1) * inverse;
    return static_cast<int32_t>(product >> 32);
  }
};

// value is above 0.
inline Divisor divisor_of(int64_t value) {
  return {static_cast<int32_t>(value), static_cast<uint32_t>(0xffffffffu / value)};
}

}  // namespace sparkllama::cuda
