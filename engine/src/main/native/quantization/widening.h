// Widens blocks as they lie in a GGUF file to float32.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/tensor_type.h"

namespace sparkllama {

// Fills out, [count], from as many whole blocks at any address, with the roundings of
// KernelTable::dequantize_row.
void widen_blocks(TensorType type, const std::byte* blocks, int64_t count, float* out);

}  // namespace sparkllama
