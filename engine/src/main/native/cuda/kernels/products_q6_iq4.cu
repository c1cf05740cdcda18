#include "cuda/kernels/product_kinds256.h"

namespace sparkllama::cuda {

void launch_products_q6_iq4(const RowLaunch& on, ProductList products, const QuantizedRows& rows) {
  if (products[0].weights->type == TensorType::kQ6_K) {
    launch_kind256<TensorType::kQ6_K>(on, products, rows);
  } else {
    launch_kind256<TensorType::kIQ4_XS>(on, products, rows);
  }
}

}  // namespace sparkllama::cuda
