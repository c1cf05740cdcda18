// Changes rows element by element: gates (Shazeer, 2020), GELU (Hendrycks and Gimpel, 2016),
// addition (of a multiple too), scaling and soft caps.

#include "base/math.h"
#include "cpu/kernels/reference/reference_kernels.h"

namespace sparkllama::reference {

void swiglu(float* gate, const float* up, int64_t columns) {
  for (int64_t i = 0; i < columns; ++i) {
    const float v = gate[i];
    gate[i] = (v / (1.0f + exponential(-v))) * up[i];
  }
}

void geglu(float* gate, const float* up, int64_t columns) {
  for (int64_t i = 0; i < columns; ++i) {
    const float v = gate[i];
    // -2 sqrt(2 / pi), and 0.044715 of it.
    const float inner = __builtin_fmaf(v * v, -0x1.2444f2p-4f, -0x1.988454p+0f);
    gate[i] = (v / (1.0f + exponential(v * inner))) * up[i];
  }
}

void gelu(float* x, int64_t columns) {
  for (int64_t i = 0; i < columns; ++i) x[i] = x[i] * normal_probability(x[i]);
}

void add(float* x, const float* y, int64_t columns) {
  for (int64_t i = 0; i < columns; ++i) x[i] += y[i];
}

void add_scaled(float* x, const float* y, float factor, int64_t columns) {
  for (int64_t i = 0; i < columns; ++i) x[i] = __builtin_fmaf(y[i], factor, x[i]);
}

void scale(float* x, float factor, int64_t columns) {
  for (int64_t i = 0; i < columns; ++i) x[i] *= factor;
}

void soft_cap(float* x, float cap, int64_t columns) {
  for (int64_t i = 0; i < columns; ++i) x[i] = cap * hyperbolic_tangent(x[i] / cap);
}

}  // namespace sparkllama::reference
