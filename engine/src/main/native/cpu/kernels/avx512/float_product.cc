#include "cpu/kernels/float_product.h"

#include "cpu/kernels/avx512/products.h"
#include "cpu/kernels/avx512/vector_unit.h"

namespace sparkllama::avx512 {

void float_product(const ProductTask& task) { multiply_floats<Avx512Unit>(task); }

}  // namespace sparkllama::avx512
