// Turns floats into 8-bit codes with one scale; activations and the 8-bit KV cache share it.
#pragma once

#include <cstdint>

namespace sparkllama::reference {

// Writes `count` codes, each `stride` bytes after the one before, and returns the scale, as
// Activations in ops/kernel_table.h says.
float quantize_codes(const float* x, int64_t count, int8_t* codes, int64_t stride);

}  // namespace sparkllama::reference
