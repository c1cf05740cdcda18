#include "cpu/kernels/block32_product.h"

#include "cpu/kernels/avx2/products.h"
#include "cpu/kernels/avx2/vector_unit.h"

namespace sparkllama::avx2 {

void block32_product(const ProductTask& task) { multiply_block32<Avx2Unit>(task); }

}  // namespace sparkllama::avx2
