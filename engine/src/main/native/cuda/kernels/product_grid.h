// Describes a launch of integer products: which blocks compute what, and of what size they are.
//
// A block of threads computes the outputs of neighbouring panels for neighbouring tiles of rows
// (cuda/placed_layout.h, cuda/quantized_rows.h). Each warp has panels and tiles of its own, and
// goes through all columns in order: no sum is split. So the size of blocks is seen in no result.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cuda/intrinsics.h"
#include "cuda/kernels/product_families.h"
#include "cuda/placed_layout.h"
#include "cuda/quantized_rows.h"

namespace sparkllama::cuda {

// One matrix of a launch.
struct ProductPart {
  const std::byte* weights;  // [panels][placed_panel_bytes]
  float* y;                  // [num_rows, rows]
  int32_t rows;
  int32_t first_group;  // of the launch's groups of panels
};

struct ProductGrid {
  const int32_t* num_rows;
  ProductPart parts[kMostProducts];
  int32_t part_count;
  int32_t token_groups;        // groups of tiles; block b is tile group b % token_groups
  int32_t records;             // of a panel, and of a tile
  const std::byte* tiles;      // [tiles][records][record bytes]
  const std::byte* tile_sums;  // [tiles][records][sum bytes]
};

// What a warp computes, and how many there are in a block.
template <int kWarpPanels, int kWarpTiles, int kRowWarps, int kTokenWarps>
struct BlockShape {
  static constexpr int kPanels = kWarpPanels;
  static constexpr int kTiles = kWarpTiles;
  static constexpr int kTokenWarpCount = kTokenWarps;
  static constexpr int kThreads = kRowWarps * kTokenWarps * kWarpSize;
  static constexpr int kBlockPanels = kWarpPanels * kRowWarps;
  static constexpr int kBlockTiles = kWarpTiles * kTokenWarps;
  // Whether a warp's outputs take so many registers that its loops over columns stay rolled up.
  static constexpr bool kTight = kWarpPanels * kWarpTiles >= 16;
};

// Up to 8 rows; up to 32; up to 64, of few outputs or of many; more.
using OneTileShape = BlockShape<1, 1, 2, 1>;
using FewTilesShape = BlockShape<1, 1, 2, 4>;
using NarrowShape = BlockShape<1, 2, 2, 4>;
using WideShape = BlockShape<2, 4, 4, 2>;
using LargeShape = BlockShape<4, 4, 2, 4>;

// How a kernel of a type and shape uses shared memory: a ring of stages, each of the same columns
// of all the block's panels and tiles.
template <TensorType kType, typename Shape>
struct ProductStages {
  static constexpr PlacedLayout kLayout = placed_layout(kType);
  static constexpr TileRecord kTile = kLayout.columns == 64 ? kTileRecord32 : kTileRecord256;
  static constexpr bool kHasSums = kLayout.has_minimum;

  // 256 columns; less where a block has so much to do with them that a barrier weighs nothing.
  static constexpr int kRecords = kLayout.columns == 256
                                      ? 1
                                      : (Shape::kPanels * Shape::kTiles >= 16  ? 1
                                         : Shape::kPanels * Shape::kTiles >= 8 ? 2
                                                                               : 4);
  // Of one panel and one tile.
  static constexpr int kPanelBytes = kRecords * kLayout.bytes;
  static constexpr int kTileBytes = kRecords * kTile.bytes;
  static constexpr int kSumBytes = kHasSums ? kRecords * kTile.sum_bytes : 0;
  // Within a stage.
  static constexpr int kTilesAt = Shape::kBlockPanels * kPanelBytes;
  static constexpr int kSumsAt = kTilesAt + Shape::kBlockTiles * kTileBytes;
  static constexpr int kStageBytes = kSumsAt + Shape::kBlockTiles * kSumBytes;

  // So that two large blocks, or four small ones, share a multiprocessor of 228 KB.
  static constexpr int kBudget = Shape::kThreads >= 256 ? 113 * 1024 : 56 * 1024;
  static constexpr int kFitting = kBudget / kStageBytes;
  static constexpr int kStages = kFitting < 8 ? kFitting : 8;
  static constexpr int kSharedBytes = kStages * kStageBytes;
  static_assert(kStages >= 2);
};

}  // namespace sparkllama::cuda
