#include "cpu/kernels/block32_product.h"

#include "cpu/kernels/avxvnni/products.h"
#include "cpu/kernels/avxvnni/vector_unit.h"

namespace sparkllama::avxvnni {

void block32_product(const ProductTask& task) { multiply_block32<AvxVnniUnit>(task); }

}  // namespace sparkllama::avxvnni
