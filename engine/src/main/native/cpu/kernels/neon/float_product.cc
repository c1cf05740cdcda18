#include "cpu/kernels/float_product.h"

#include "cpu/kernels/neon/products.h"
#include "cpu/kernels/neon/vector_unit.h"

namespace sparkllama::neon {

void float_product(const ProductTask& task) { multiply_floats<NeonUnit>(task); }

}  // namespace sparkllama::neon
