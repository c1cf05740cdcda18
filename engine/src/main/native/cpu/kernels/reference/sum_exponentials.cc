// Sums the exponentials of a row of logits, for the logarithm of a distribution's total.

#include "base/math.h"
#include "cpu/kernels/reference/reference_kernels.h"

namespace sparkllama::reference {

double sum_exponentials(const float* x, float shift, int64_t columns) {
  double lanes[16] = {};
  for (int64_t i = 0; i < columns; ++i) lanes[i % 16] += exponential(x[i] - shift);
  for (int width = 8; width > 0; width /= 2) {
    for (int lane = 0; lane < width; ++lane) lanes[lane] += lanes[lane + width];
  }
  return lanes[0];
}

}  // namespace sparkllama::reference
