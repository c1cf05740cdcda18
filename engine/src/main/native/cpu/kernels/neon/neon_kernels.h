// Declares the kernels for 64-bit Arm processors with the dot-product instructions (Armv8.2).
//
// Files of this folder are compiled for that instruction set. They share with others no inline
// function and no template of a library, so that the linker can never choose their copy of a
// function for a processor without it.
#pragma once

#include "ops/kernel_table.h"

namespace sparkllama::neon {

void matrix_product(const PackedMatrix& weights, int64_t row_begin, int64_t row_end,
                    const Activations& activations, int64_t num_rows, float* y, int64_t y_stride);

}  // namespace sparkllama::neon
