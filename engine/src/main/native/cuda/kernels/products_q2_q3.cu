#include "cuda/kernels/product_kinds256.h"

namespace sparkllama::cuda {

void launch_products_q2_q3(const RowLaunch& on, ProductList products, const QuantizedRows& rows) {
  if (products[0].weights->type == TensorType::kQ2_K) {
    launch_kind256<TensorType::kQ2_K>(on, products, rows);
  } else {
    launch_kind256<TensorType::kQ3_K>(on, products, rows);
  }
}

}  // namespace sparkllama::cuda
