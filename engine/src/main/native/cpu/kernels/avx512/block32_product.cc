#include "cpu/kernels/block32_product.h"

#include "cpu/kernels/avx512/products.h"
#include "cpu/kernels/avx512/vector_unit.h"

namespace sparkllama::avx512 {

void block32_product(const ProductTask& task) { multiply_block32<Avx512Unit>(task); }

}  // namespace sparkllama::avx512
