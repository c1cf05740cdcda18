#include "cuda/kernels/product_kernel.h"
#include "cuda/kernels/product_sums32.h"

namespace sparkllama::cuda {
namespace {

template <TensorType kType, typename Shape>
void launch_as(const RowLaunch& on, ProductList products, const QuantizedRows& rows) {
  launch_shape<kType, Shape, ProductSums32<kType, Shape>>(on, products, rows);
}

template <TensorType kType>
void launch_kind(const RowLaunch& on, ProductList products, const QuantizedRows& rows) {
  const ProductSize size = ProductSize::of(on, products);
  if (size.tiles <= OneTileShape::kBlockTiles) {
    launch_as<kType, OneTileShape>(on, products, rows);
  } else if (size.tiles <= FewTilesShape::kBlockTiles) {
    launch_as<kType, FewTilesShape>(on, products, rows);
  } else if (!size.fills<WideShape>(on)) {
    launch_as<kType, NarrowShape>(on, products, rows);
  } else if constexpr (placed_layout(kType).has_minimum) {
    launch_as<kType, WideShape>(on, products, rows);  // a larger one has too few registers
  } else if (size.tiles > WideShape::kBlockTiles && size.fills<LargeShape>(on)) {
    launch_as<kType, LargeShape>(on, products, rows);
  } else {
    launch_as<kType, WideShape>(on, products, rows);
  }
}

}  // namespace

void launch_products32(const RowLaunch& on, ProductList products, const QuantizedRows& rows) {
  switch (placed_kind(products[0].weights->type)) {
    case TensorType::kQ4_0:
      return launch_kind<TensorType::kQ4_0>(on, products, rows);
    case TensorType::kQ4_1:
      return launch_kind<TensorType::kQ4_1>(on, products, rows);
    case TensorType::kQ5_1:
      return launch_kind<TensorType::kQ5_1>(on, products, rows);
    default:
      return launch_kind<TensorType::kQ8_0>(on, products, rows);
  }
}

}  // namespace sparkllama::cuda
