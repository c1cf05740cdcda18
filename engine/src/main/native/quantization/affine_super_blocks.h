// Encodes super-blocks whose sub-blocks have a scale and a minimum.
#pragma once

#include "ops/kernel_table.h"
#include "tensor/block_layout.h"

namespace sparkllama {

// values is [blocks, 256], finite. Scales and minimums are searched by the table's fit_affine; what
// follows is ggml's reference, float32, each operation rounded by itself.
void encode(const KernelTable& kernels, const float* values, int64_t blocks, BlockQ2_K* out);
void encode(const KernelTable& kernels, const float* values, int64_t blocks, BlockQ4_K* out);
void encode(const KernelTable& kernels, const float* values, int64_t blocks, BlockQ5_K* out);

}  // namespace sparkllama
