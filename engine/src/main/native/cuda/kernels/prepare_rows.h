// Adds to the residual stream, and makes of its rows what products read.
#pragma once

#include <cstdint>

#include "cuda/device_step.h"
#include "cuda/quantized_rows.h"
#include "ops/backend.h"

namespace sparkllama::cuda {

// Rows of a residual stream, [num_rows, columns], and what is added to them.
struct AddedRows {
  const float* rows;  // [num_rows, columns]; left as they are
  int64_t columns;
  RowAddition addition;
  float* residual;
};

// Each is one launch, in which a block has a row of up to about 40,000 columns in shared memory.
// The meaning is that of Backend's functions of the same names.
void launch_prepare(const RowLaunch& on, const float* residual, int64_t columns,
                    const RowPreparation& preparation, const QuantizedRows& out);
void launch_add(const RowLaunch& on, const AddedRows& added);
void launch_add_and_prepare(const RowLaunch& on, const AddedRows& added,
                            const RowPreparation& preparation, const QuantizedRows& out);

// Prepares rows tokens[0], tokens[1], ... of the residual stream as rows 0, 1, ...; tokens is
// [num_rows] on the device.
void launch_prepare_tokens(const RowLaunch& on, const int32_t* tokens, const float* residual,
                           int64_t columns, const RowPreparation& preparation,
                           const QuantizedRows& out);

}  // namespace sparkllama::cuda
