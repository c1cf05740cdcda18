// Normalizes a row by the root of its mean square (Zhang and Sennrich, 2019).

#include <cmath>

#include "cpu/kernels/reference/lane_tree.h"
#include "cpu/kernels/reference/reference_kernels.h"

namespace sparkllama::reference {

float sum_lanes(float (&lanes)[16]) {
  for (int width = 8; width >= 1; width /= 2) {
    for (int lane = 0; lane < width; ++lane) lanes[lane] += lanes[lane + width];
  }
  return lanes[0];
}

void rms_norm(const float* x, const float* weight, float epsilon, int64_t columns, float* out) {
  float lanes[16] = {};
  for (int64_t i = 0; i < columns; ++i) {
    lanes[i % 16] = __builtin_fmaf(x[i], x[i], lanes[i % 16]);
  }
  const float mean = sum_lanes(lanes) / static_cast<float>(columns);
  const float factor = 1.0f / std::sqrt(mean + epsilon);
  for (int64_t i = 0; i < columns; ++i) out[i] = (x[i] * factor) * weight[i];
}

}  // namespace sparkllama::reference
