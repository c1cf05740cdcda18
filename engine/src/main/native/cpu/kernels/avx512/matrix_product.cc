// Sends a product to the kernel of its weights' family.

#include "cpu/kernels/avx512/avx512_kernels.h"
#include "cpu/kernels/avx512/products.h"

namespace sparkllama::avx512 {

void matrix_product(const PackedMatrix& weights, int64_t row_begin, int64_t row_end,
                    const Activations& activations, std::byte* scratch, float* y,
                    int64_t y_stride) {
  const ProductTask task = {weights, row_begin, row_end, activations, scratch, y, y_stride};
  if (weights.columns == 0) {
    for (int64_t t = 0; t < activations.tiles.num_rows; ++t) {
      for (int64_t r = row_begin; r < row_end; ++r) y[t * y_stride + r] = 0.0f;
    }
    return;
  }
  switch (activation_format(weights.type)) {
    case ActivationFormat::kFloat32:
      float_product(task);
      break;
    case ActivationFormat::kInt8Block32:
      block32_product(task);
      break;
    case ActivationFormat::kInt8Block256:
      unfolds(task) ? unfolded_product(task) : block256_product(task);
      break;
  }
}

}  // namespace sparkllama::avx512
