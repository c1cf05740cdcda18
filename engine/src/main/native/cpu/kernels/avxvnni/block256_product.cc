#include "cpu/kernels/block256_product.h"

#include "cpu/kernels/avxvnni/products.h"
#include "cpu/kernels/avxvnni/vector_unit.h"

namespace sparkllama::avxvnni {

void block256_product(const ProductTask& task) { multiply_block256<AvxVnniUnit>(task); }

}  // namespace sparkllama::avxvnni
