// Looks tokens up in the embedding table, on a device.
#pragma once

#include "cuda/device_step.h"
#include "tensor/packed_layout.h"

namespace sparkllama::cuda {

// rows [num_rows, table.columns]: row t is row token_ids[t] of the table, which is placed
// (cuda/placed_layout.h), times `factor` where that is not 1; NaN where the id is negative.
void launch_embed(const RowLaunch& launch, const DeviceStep& step, const PackedMatrix& table,
                  float factor, float* rows);

}  // namespace sparkllama::cuda
