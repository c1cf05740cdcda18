#include "cpu/kernels/unfolded_product.h"

#include "cpu/kernels/neon/products.h"
#include "cpu/kernels/neon/vector_unit.h"

namespace sparkllama::neon {

void unfolded_product(const ProductTask& task) { multiply_unfolded<NeonUnit>(task); }

}  // namespace sparkllama::neon
