// Declares the kernels for 64-bit Arm processors with the dot-product instructions (Armv8.2).
//
// Files of this folder are compiled for that instruction set. They share with others no inline
// function and no template of a library, so that the linker can never choose their copy of a
// function for a processor without it.
#pragma once

#include "ops/kernel_table.h"

namespace sparkllama::neon {

// What fits into the registers: 16 dots, 4 weights, 1 broadcast; the sums wait in memory.
constexpr int kTileRows = 4;

void matrix_product(const PackedMatrix& weights, int64_t row_begin, int64_t row_end,
                    const Activations& activations, std::byte* scratch, float* y, int64_t y_stride);

}  // namespace sparkllama::neon
