#include "cpu/kernels/unfolded_product.h"

#include "cpu/kernels/avx2/products.h"
#include "cpu/kernels/avx2/vector_unit.h"

namespace sparkllama::avx2 {

void unfolded_product(const ProductTask& task) { multiply_unfolded<Avx2Unit>(task); }

}  // namespace sparkllama::avx2
