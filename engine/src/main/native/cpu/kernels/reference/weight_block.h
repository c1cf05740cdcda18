// Unpacks one block of a packed quantized weight row into integer codes and scales.
#pragma once

#include <cstdint>

#include "tensor/packed_layout.h"

namespace sparkllama::reference {

// Element i of a block of a type with 32 columns is scale * codes[i] + minimum.
struct WeightBlock32 {
  int8_t codes[32];  // offsets already subtracted
  float scale;
  float minimum;  // Q4_1 and Q5_1; 0 elsewhere
};

// Element i of a block of a type with 256 columns is
// scale * sub_scales[i / 16] * codes[i] - minimum * sub_minimums[i / 16].
struct WeightBlock256 {
  int8_t codes[256];         // offsets already subtracted
  int32_t sub_scales[16];    // types with sub-blocks of 32 have each value twice
  int32_t sub_minimums[16];  // Q2_K, Q4_K, Q5_K; 0 elsewhere
  float scale;
  float minimum;  // 0 where there are no sub-minimums
};

// Whether blocks of the type have a minimum, and so a second step per block in a matrix product.
bool has_minimum(TensorType type);

// Block `block` of row `row`. The type is one of those with 32 (256) columns; any bytes are valid.
WeightBlock32 unpack_block32(const PackedMatrix& weights, int64_t row, int64_t block);
WeightBlock256 unpack_block256(const PackedMatrix& weights, int64_t row, int64_t block);

// Element `column` of a row of a float type, widened.
float unpack_float(const PackedMatrix& weights, int64_t row, int64_t column);

}  // namespace sparkllama::reference
