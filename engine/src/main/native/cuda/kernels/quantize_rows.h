// Quantizes rows as they are, on a device.
#pragma once

#include <cstdint>

#include "cuda/device_step.h"
#include "cuda/quantized_rows.h"

namespace sparkllama::cuda {

// rows is [num_rows, columns], on a border of 16 bytes.
void launch_quantize_rows(const RowLaunch& launch, const float* rows, int64_t columns,
                          FormatSet formats, const QuantizedRows& out);

}  // namespace sparkllama::cuda
