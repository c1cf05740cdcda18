#include "cpu/kernels/neon/products.h"
#include "cpu/kernels/neon/vector_unit.h"
#include "cpu/kernels/panel_product.h"

namespace sparkllama::neon {

void float_product(const ProductTask& task) { multiply_floats<NeonUnit>(task); }

}  // namespace sparkllama::neon
