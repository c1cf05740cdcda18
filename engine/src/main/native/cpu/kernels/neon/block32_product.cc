#include "cpu/kernels/block32_product.h"

#include "cpu/kernels/neon/products.h"
#include "cpu/kernels/neon/vector_unit.h"

namespace sparkllama::neon {

void block32_product(const ProductTask& task) { multiply_block32<NeonUnit>(task); }

}  // namespace sparkllama::neon
