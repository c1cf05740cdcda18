// Converts between float32 and the two 16-bit formats, exactly as F16C and AVX-512 BF16 hardware
// does.
#pragma once

#include <cstdint>

namespace sparkllama {

// IEEE binary16 to float32: exact; a signalling NaN becomes quiet.
float half_to_float(uint16_t half);

// float32 to IEEE binary16: round half to even; above 65519.99 infinity; NaN keeps its upper
// payload.
uint16_t float_to_half(float value);

// bfloat16 to float32: exact.
float bfloat16_to_float(uint16_t bfloat16);

}  // namespace sparkllama
