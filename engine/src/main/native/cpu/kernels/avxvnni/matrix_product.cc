// Sends products of integers to this set's kernels, and the others to those of AVX2.

#include "cpu/kernels/avx2/avx2_kernels.h"
#include "cpu/kernels/avxvnni/products.h"

namespace sparkllama::avxvnni {

void matrix_product(const PackedMatrix& weights, int64_t row_begin, int64_t row_end,
                    const Activations& activations, std::byte* scratch, float* y,
                    int64_t y_stride) {
  const ProductTask task = {weights, row_begin, row_end, activations, scratch, y, y_stride};
  const ActivationFormat format = activation_format(weights.type);
  if (weights.columns == 0 || format == ActivationFormat::kFloat32) {
    avx2::matrix_product(weights, row_begin, row_end, activations, scratch, y, y_stride);
  } else if (format == ActivationFormat::kInt8Block32) {
    block32_product(task);
  } else if (unfolds(task)) {
    unfolded_product(task);
  } else {
    block256_product(task);
  }
}

}  // namespace sparkllama::avxvnni
