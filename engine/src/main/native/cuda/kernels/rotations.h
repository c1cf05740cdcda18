// Computes by what positions turn pairs of elements.
#pragma once

#include <cstdint>

#include "cuda/device_step.h"
#include "ops/backend.h"

namespace sparkllama::cuda {

// Pairs of all tables, [num_tables, token_stride, rope_dimension / 2]. The stride is the most
// tokens of any step: how many a step has is not known where a launch is recorded.
struct RotationPlaces {
  RopePair* pairs;
  int64_t token_stride;
  int32_t rope_dimension;
};

// For the step's tokens. Frequencies of the tables are on the device, the tables themselves are
// not.
void launch_rotations(const RowLaunch& on, const DeviceStep& step, const RotationTable* tables,
                      int64_t num_tables, const RotationPlaces& places);

}  // namespace sparkllama::cuda
