// Joins two rows element by element: SwiGLU (Shazeer, 2020), addition, and addition of a multiple.

#include "base/math.h"
#include "cpu/kernels/reference/reference_kernels.h"

namespace sparkllama::reference {

void swiglu(float* gate, const float* up, int64_t columns) {
  for (int64_t i = 0; i < columns; ++i) {
    const float v = gate[i];
    gate[i] = (v / (1.0f + exponential(-v))) * up[i];
  }
}

void add(float* x, const float* y, int64_t columns) {
  for (int64_t i = 0; i < columns; ++i) x[i] += y[i];
}

void add_scaled(float* x, const float* y, float factor, int64_t columns) {
  for (int64_t i = 0; i < columns; ++i) x[i] = __builtin_fmaf(y[i], factor, x[i]);
}

}  // namespace sparkllama::reference
