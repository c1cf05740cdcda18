#include <array>
#include <cstddef>

#include "cuda/kernels/product_families.h"
#include "cuda/kernels/products.h"
#include "cuda/placed_layout.h"

namespace sparkllama::cuda {
namespace {

void launch_kind(const RowLaunch& on, ProductList products, const QuantizedRows& quantized,
                 const float* rows) {
  switch (products[0].weights->type) {
    case TensorType::kF32:
    case TensorType::kF16:
    case TensorType::kBF16:
      return launch_float_products(on, products, rows);
    case TensorType::kQ2_K:
    case TensorType::kQ3_K:
      return launch_products_q2_q3(on, products, quantized);
    case TensorType::kQ4_K:
    case TensorType::kQ5_K:
      return launch_products_q4_q5(on, products, quantized);
    case TensorType::kQ6_K:
    case TensorType::kIQ4_XS:
      return launch_products_q6_iq4(on, products, quantized);
    default:
      return launch_products32(on, products, quantized);
  }
}

}  // namespace

void launch_products(const RowLaunch& on, std::initializer_list<BackendProduct> products,
                     const QuantizedRows& quantized, const float* rows) {
  std::array<bool, kMostProducts> launched = {};
  for (size_t first = 0; first < products.size(); ++first) {
    if (launched[first]) continue;
    std::array<BackendProduct, kMostProducts> alike;
    size_t count = 0;
    const BackendProduct* all = products.begin();
    const TensorType kind = placed_kind(all[first].weights->type);
    for (size_t i = first; i < products.size(); ++i) {
      if (placed_kind(all[i].weights->type) != kind) continue;
      alike[count++] = all[i];
      launched[i] = true;
    }
    launch_kind(on, ProductList(alike.data(), count), quantized, rows);
  }
}

}  // namespace sparkllama::cuda
