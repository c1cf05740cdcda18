#include "cpu/kernels/block256_product.h"

#include "cpu/kernels/avx2/products.h"
#include "cpu/kernels/avx2/vector_unit.h"

namespace sparkllama::avx2 {

void block256_product(const ProductTask& task) { multiply_block256<Avx2Unit>(task); }

}  // namespace sparkllama::avx2
