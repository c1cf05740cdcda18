// Encodes blocks of 32 elements whose codes choose one of sixteen levels that are not evenly apart.
#pragma once

#include "tensor/block_layout.h"

namespace sparkllama {

// values is [32], finite. Of sixteen scales the one with the least error stays, each element's
// weight being its square: ggml's search without an importance matrix, float32, each operation
// rounded by itself.
void encode(const float* values, BlockIQ4_NL& out);

}  // namespace sparkllama
