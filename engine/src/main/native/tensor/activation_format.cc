#include "tensor/activation_format.h"

namespace sparkllama {

ActivationFormat activation_format(TensorType type) {
  switch (block_columns(type)) {
    case 32:
      return ActivationFormat::kInt8Block32;
    case 256:
      return ActivationFormat::kInt8Block256;
    default:
      return ActivationFormat::kFloat32;
  }
}

}  // namespace sparkllama
