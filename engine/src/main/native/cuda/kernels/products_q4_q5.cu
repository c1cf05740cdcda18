#include "cuda/kernels/product_kinds256.h"

namespace sparkllama::cuda {

void launch_products_q4_q5(const RowLaunch& on, ProductList products, const QuantizedRows& rows) {
  if (products[0].weights->type == TensorType::kQ4_K) {
    launch_kind256<TensorType::kQ4_K>(on, products, rows);
  } else {
    launch_kind256<TensorType::kQ5_K>(on, products, rows);
  }
}

}  // namespace sparkllama::cuda
