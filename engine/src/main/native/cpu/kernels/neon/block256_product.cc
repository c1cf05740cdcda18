#include "cpu/kernels/block256_product.h"

#include "cpu/kernels/neon/products.h"
#include "cpu/kernels/neon/vector_unit.h"

namespace sparkllama::neon {

void block256_product(const ProductTask& task) { multiply_block256<NeonUnit>(task); }

}  // namespace sparkllama::neon
