// Encodes super-blocks whose sub-blocks have a scale alone.
#pragma once

#include "ops/kernel_table.h"
#include "tensor/block_layout.h"

namespace sparkllama {

// values is [256], finite. Q6_K's scales are searched by the table's fit_symmetric; what follows,
// and all of Q3_K, is ggml's reference, float32, each operation rounded by itself.
void encode(const KernelTable& kernels, const float* values, BlockQ6_K& out);
void encode(const float* values, BlockQ3_K& out);

}  // namespace sparkllama
