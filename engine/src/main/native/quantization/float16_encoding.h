// Rounds float32 to the two 16-bit formats.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sparkllama {

// To nearest, ties to even, as base/half.h does; `out` needs no alignment.
void encode_halves(const float* values, int64_t count, std::byte* out);
void encode_bfloat16(const float* values, int64_t count, std::byte* out);

}  // namespace sparkllama
