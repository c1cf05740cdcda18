#include "cpu/kernels/unfolded_product.h"

#include "cpu/kernels/avxvnni/products.h"
#include "cpu/kernels/avxvnni/vector_unit.h"

namespace sparkllama::avxvnni {

void unfolded_product(const ProductTask& task) { multiply_unfolded<AvxVnniUnit>(task); }

}  // namespace sparkllama::avxvnni
