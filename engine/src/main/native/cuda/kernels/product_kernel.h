// Multiplies placed weights of quantized types with quantized rows: the kernel, and the choice of
// its shape. Sums are those of a family (product_sums32.h, product_sums256.h).
#pragma once

#include "cuda/kernels/product_families.h"
#include "cuda/kernels/product_fragments.h"
#include "cuda/kernels/product_ring.h"

namespace sparkllama::cuda {

// What a warp of a block computes.
struct WarpPlace {
  int first_panel;  // of the block's
  int first_tile;

  template <typename Shape>
  __device__ static WarpPlace of() {
    const int warp = static_cast<int>(threadIdx.x) / kWarpSize;
    return {warp / Shape::kTokenWarpCount * Shape::kPanels,
            warp % Shape::kTokenWarpCount * Shape::kTiles};
  }
};

// Writes a warp's outputs where there are such. `part`, `panel` and `tile` are those of its first.
template <typename Shape, typename Sums>
__device__ void store_outputs(const Sums& sums, const ProductPart& part, int64_t panel,
                              int64_t tile, int32_t num_rows) {
  const LanePlace place;
  SPARKLLAMA_UNROLL
  for (int p = 0; p < Shape::kPanels; ++p) {
    SPARKLLAMA_UNROLL
    for (int t = 0; t < Shape::kTiles; ++t) {
      SPARKLLAMA_UNROLL
      for (int i = 0; i < 4; ++i) {
        const int64_t output = (panel + p) * kPanelRows + place.upper_row + i / 2 * 8;
        const int64_t row = (tile + t) * kTileRows + 2 * place.first_pair + i % 2;
        if (output < part.rows && row < num_rows) {
          part.y[row * part.rows + output] = sums.output(p, t, i);
        }
      }
    }
  }
}

__device__ inline int32_t smaller(int32_t a, int32_t b) { return a < b ? a : b; }

template <TensorType kType, typename Shape, typename Sums>
__global__ void __launch_bounds__(Shape::kThreads, Shape::kThreads >= 256 ? 2 : 4)
    multiply_panels(ProductGrid grid) {
  using Stages = ProductStages<kType, Shape>;
  const auto tiles = static_cast<int32_t>(tile_count(*grid.num_rows));
  const auto token_groups = static_cast<uint32_t>(grid.token_groups);
  const auto first_tile = static_cast<int32_t>(blockIdx.x % token_groups) * Shape::kBlockTiles;
  if (first_tile >= tiles) return;
  const auto group = static_cast<int32_t>(blockIdx.x / token_groups);
  // By constant indices: with others, arguments are copied to local memory.
  ProductPart part = grid.parts[0];
  SPARKLLAMA_UNROLL
  for (int i = 1; i < kMostProducts; ++i) {
    if (i < grid.part_count && group >= grid.parts[i].first_group) part = grid.parts[i];
  }
  const int32_t first_panel = (group - part.first_group) * Shape::kBlockPanels;
  const auto panels = static_cast<int32_t>(panel_count(part.rows));

  const int32_t records = grid.records;
  BlockPlace block;
  block.panels.data =
      part.weights + static_cast<int64_t>(first_panel) * records * Stages::kLayout.bytes;
  block.panels.count = smaller(panels - first_panel, Shape::kBlockPanels);
  block.tiles.data = grid.tiles + static_cast<int64_t>(first_tile) * records * Stages::kTile.bytes;
  block.tiles.count = smaller(tiles - first_tile, Shape::kBlockTiles);
  block.tile_sums.data =
      grid.tile_sums + static_cast<int64_t>(first_tile) * records * Stages::kTile.sum_bytes;
  block.tile_sums.count = block.tiles.count;
  block.panels.records = block.tiles.records = block.tile_sums.records = records;

  const WarpPlace warp = WarpPlace::of<Shape>();
  const bool works = warp.first_panel < block.panels.count && warp.first_tile < block.tiles.count;
  Sums sums;
  ProductRing<kType, Shape> ring(block);
  while (ring.has_next()) {
    const std::byte* stage = ring.next();
    if (!works) continue;
    sums.add_stage(stage + warp.first_panel * Stages::kPanelBytes,
                   stage + Stages::kTilesAt + warp.first_tile * Stages::kTileBytes,
                   stage + Stages::kSumsAt + warp.first_tile * Stages::kSumBytes);
  }
  if (works) {
    store_outputs<Shape>(sums, part, first_panel + warp.first_panel, first_tile + warp.first_tile,
                         *grid.num_rows);
  }
}

template <TensorType kType, typename Shape, typename Sums>
void launch_shape(const RowLaunch& on, ProductList products, const QuantizedRows& rows) {
  using Stages = ProductStages<kType, Shape>;
  const bool block32 = Stages::kLayout.columns == 64;
  ProductGrid grid = {};
  grid.num_rows = on.num_rows;
  grid.tiles = block32 ? rows.records32 : rows.records256;
  grid.tile_sums = block32 ? rows.sums32 : rows.sums256;
  grid.records = static_cast<int32_t>(record_count(Stages::kTile, products[0].weights->columns));
  grid.token_groups =
      static_cast<int32_t>((tile_count(on.max_rows) + Shape::kBlockTiles - 1) / Shape::kBlockTiles);
  int64_t groups = 0;
  for (const BackendProduct& product : products) {
    const PackedMatrix& weights = *product.weights;
    grid.parts[grid.part_count++] = {weights.data, product.y, static_cast<int32_t>(weights.rows),
                                     static_cast<int32_t>(groups)};
    groups += (panel_count(weights.rows) + Shape::kBlockPanels - 1) / Shape::kBlockPanels;
  }
  launch(multiply_panels<kType, Shape, Sums>,
         {dim3(static_cast<unsigned>(groups * grid.token_groups)), dim3(Shape::kThreads),
          Stages::kSharedBytes},
         on.stream, grid);
}

// Of how many tiles of rows and panels a launch is.
struct ProductSize {
  int64_t tiles;
  int64_t panels;

  static ProductSize of(const RowLaunch& on, ProductList products) {
    int64_t panels = 0;
    for (const BackendProduct& product : products) panels += panel_count(product.weights->rows);
    return {tile_count(on.max_rows), panels};
  }

  // Whether blocks of the shape are enough for most multiprocessors.
  template <typename Shape>
  bool fills(const RowLaunch& on) const {
    const int64_t blocks =
        panels / Shape::kBlockPanels * ((tiles + Shape::kBlockTiles - 1) / Shape::kBlockTiles);
    return blocks * 4 >= on.multiprocessors * int64_t{3};
  }
};

}  // namespace sparkllama::cuda
