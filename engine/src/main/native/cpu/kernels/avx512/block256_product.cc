#include "cpu/kernels/block256_product.h"

#include "cpu/kernels/avx512/products.h"
#include "cpu/kernels/avx512/vector_unit.h"

namespace sparkllama::avx512 {

void block256_product(const ProductTask& task) { multiply_block256<Avx512Unit>(task); }

}  // namespace sparkllama::avx512
