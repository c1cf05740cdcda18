// Declares the matrix products of one instruction set, by family of types.
//
// Each is a file of its own: a family has a function for every type and number of rows.
#pragma once

#include "cpu/kernels/product_task.h"

namespace sparkllama::avx512 {

// The weights have at least one column.
void float_product(const ProductTask& task);     // F32, F16, BF16
void block32_product(const ProductTask& task);   // types with blocks of 32
void block256_product(const ProductTask& task);  // types with blocks of 256
void unfolded_product(const ProductTask& task);  // the same, where unfolds(task)

}  // namespace sparkllama::avx512
