// Encodes blocks of 32 elements: by formula, from the extremes of each block.
#pragma once

#include "tensor/block_layout.h"

namespace sparkllama {

// values is [32], finite. The arithmetic is that of ggml's reference and of the `gguf` package:
// float32, each operation rounded by itself.
void encode(const float* values, BlockQ4_0& out);
void encode(const float* values, BlockQ4_1& out);
void encode(const float* values, BlockQ5_0& out);
void encode(const float* values, BlockQ5_1& out);
void encode(const float* values, BlockQ8_0& out);

}  // namespace sparkllama
