#include "cpu/kernels/float_product.h"

#include "cpu/kernels/avx2/products.h"
#include "cpu/kernels/avx2/vector_unit.h"

namespace sparkllama::avx2 {

void float_product(const ProductTask& task) { multiply_floats<Avx2Unit>(task); }

}  // namespace sparkllama::avx2
