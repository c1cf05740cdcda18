// Chooses the shape of products of types with blocks of 256.
#pragma once

#include "cuda/kernels/product_kernel.h"
#include "cuda/kernels/product_sums256.h"

namespace sparkllama::cuda {

// Integers that are summed within a block take as many registers as outputs: there is no shape
// larger than the wide one.
template <TensorType kType>
void launch_kind256(const RowLaunch& on, ProductList products, const QuantizedRows& rows) {
  const ProductSize size = ProductSize::of(on, products);
  if (size.tiles <= OneTileShape::kBlockTiles) {
    launch_shape<kType, OneTileShape, ProductSums256<kType, OneTileShape>>(on, products, rows);
  } else if (size.tiles <= FewTilesShape::kBlockTiles) {
    launch_shape<kType, FewTilesShape, ProductSums256<kType, FewTilesShape>>(on, products, rows);
  } else if (size.fills<WideShape>(on)) {
    launch_shape<kType, WideShape, ProductSums256<kType, WideShape>>(on, products, rows);
  } else {
    launch_shape<kType, NarrowShape, ProductSums256<kType, NarrowShape>>(on, products, rows);
  }
}

}  // namespace sparkllama::cuda
