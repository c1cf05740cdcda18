// Multiplies weights with rows, on a device, in the order of arithmetic of
// KernelTable::matrix_product.
#pragma once

#include <initializer_list>

#include "cuda/device_step.h"
#include "cuda/quantized_rows.h"
#include "ops/backend.h"

namespace sparkllama::cuda {

// y [num_rows, weights.rows] of each product. The weights are placed (cuda/placed_layout.h) and
// have the same columns; the rows [num_rows, columns] have been quantized in the formats that the
// weights read. At most kMostProducts of them; those of like types share a launch.
void launch_products(const RowLaunch& launch, std::initializer_list<BackendProduct> products,
                     const QuantizedRows& quantized, const float* rows);

}  // namespace sparkllama::cuda
