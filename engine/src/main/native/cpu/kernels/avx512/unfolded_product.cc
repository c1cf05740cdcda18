#include "cpu/kernels/unfolded_product.h"

#include "cpu/kernels/avx512/products.h"
#include "cpu/kernels/avx512/vector_unit.h"

namespace sparkllama::avx512 {

void unfolded_product(const ProductTask& task) { multiply_unfolded<Avx512Unit>(task); }

}  // namespace sparkllama::avx512
