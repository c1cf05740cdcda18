// Names how the activations that meet a weight type are prepared.
#pragma once

#include <cstdint>

#include "tensor/tensor_type.h"

namespace sparkllama {

enum class ActivationFormat : int32_t {
  kFloat32 = 0,   // as they are: F32, F16, BF16 weights
  kInt8Block32,   // int8 with a scale per 32: Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 IQ4_NL
  kInt8Block256,  // int8 with a scale per 256: Q2_K Q3_K Q4_K Q5_K Q6_K IQ4_XS
};

// The format that matrix products with this weight type read.
ActivationFormat activation_format(TensorType type);

}  // namespace sparkllama
