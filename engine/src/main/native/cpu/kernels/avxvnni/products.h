// Declares the matrix products that AVX-VNNI makes faster than AVX2.
//
// Each is a file of its own: a family has a function for every type and number of rows.
#pragma once

#include "cpu/kernels/product_task.h"

namespace sparkllama::avxvnni {

// The weights have at least one column.
void block32_product(const ProductTask& task);   // types with blocks of 32
void block256_product(const ProductTask& task);  // types with blocks of 256
void unfolded_product(const ProductTask& task);  // the same, where unfolds(task)

// As ops/kernel_table.h describes it.
void matrix_product(const PackedMatrix& weights, int64_t row_begin, int64_t row_end,
                    const Activations& activations, std::byte* scratch, float* y, int64_t y_stride);

}  // namespace sparkllama::avxvnni
