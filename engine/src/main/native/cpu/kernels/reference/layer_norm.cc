// Normalizes a row by its mean and its standard deviation (Ba, Kiros and Hinton, 2016).

#include <cmath>

#include "cpu/kernels/reference/lane_tree.h"
#include "cpu/kernels/reference/reference_kernels.h"

namespace sparkllama::reference {

void layer_norm(const float* x, const float* weight, const float* bias, float epsilon,
                int64_t columns, float* out) {
  float sums[16] = {};
  for (int64_t i = 0; i < columns; ++i) sums[i % 16] += x[i];
  const float mean = sum_lanes(sums) / static_cast<float>(columns);
  float squares[16] = {};
  for (int64_t i = 0; i < columns; ++i) {
    const float centered = x[i] - mean;
    squares[i % 16] = __builtin_fmaf(centered, centered, squares[i % 16]);
  }
  const float variance = sum_lanes(squares) / static_cast<float>(columns);
  const float factor = 1.0f / std::sqrt(variance + epsilon);
  for (int64_t i = 0; i < columns; ++i) {
    out[i] = __builtin_fmaf((x[i] - mean) * factor, weight[i], bias[i]);
  }
}

}  // namespace sparkllama::reference
