// Sums products of types with blocks of 32: per block, in order,
//   y = fma(float(dot), weight scale * activation scale, y)
// and where there is a minimum, y = fma(float(sum), minimum * activation scale, y).
#pragma once

#include "cuda/kernels/product_fragments.h"

namespace sparkllama::cuda {

// A warp's outputs, of kPanels by kTiles.
template <TensorType kType, typename Shape>
class ProductSums32 {
 public:
  using Stages = ProductStages<kType, Shape>;

  // `panels`, `tiles` and `sums` are those of the warp's first in a stage.
  __device__ void add_stage(const std::byte* panels, const std::byte* tiles,
                            const std::byte* sums) {
    SPARKLLAMA_UNROLL
    for (int record = 0; record < Stages::kRecords; ++record) {
      add_record(panels + record * kLayout.bytes, tiles + record * kTileRecord32.bytes,
                 sums + record * kTileRecord32.sum_bytes);
    }
  }

  __device__ float output(int panel, int tile, int i) const { return y_[panel][tile][i]; }

 private:
  static constexpr PlacedLayout kLayout = placed_layout(kType);
  using Codes = CodeFragments<kType>;
  static constexpr int kBlocksAtOnce = Shape::kTight ? 1 : 2;

  // 1.5 * 2^23: as bits of a float, what an int32 below 2^22 in magnitude is added to.
  static constexpr int32_t kShift = 0x4b400000;

  __device__ static float number(int32_t shifted) {
    if constexpr (Codes::kTimes16) return fused(float_of(shifted), 0.0625f, -786432.0f);
    return float_of(shifted) - 12582912.0f;
  }

  __device__ void add_record(const std::byte* panels, const std::byte* tiles,
                             const std::byte* sums) {
    SPARKLLAMA_UNROLL_BY(kBlocksAtOnce)
    for (int block = 0; block < 2; ++block) {
      uint32_t a[Shape::kPanels][4];
      RowPair scales[Shape::kPanels];
      RowPair minimums[Shape::kPanels];
      SPARKLLAMA_UNROLL
      for (int p = 0; p < Shape::kPanels; ++p) {
        const std::byte* panel = panels + p * Stages::kPanelBytes;
        const std::byte* numbers = panel + (block * 8 + place_.upper_row) * 4;
        Codes::load(panel, block, place_.lane, a[p]);
        scales[p] = load_halves(numbers + kLayout.scales_at);
        if constexpr (kLayout.has_minimum) minimums[p] = load_halves(numbers + kLayout.minimums_at);
      }
      SPARKLLAMA_UNROLL
      for (int t = 0; t < Shape::kTiles; ++t) {
        const std::byte* tile = tiles + t * Stages::kTileBytes;
        const int numbers_at = (block * kTileRows + 2 * place_.first_pair) * 4;
        const Words<2> b = load_words<2>(tile + block * kTileBlockBytes + place_.lane * 8);
        const RowPair tile_scales = load_floats(tile + kTileRecord32.scales_at + numbers_at);
        RowPair tile_sums = {};
        if constexpr (kLayout.has_minimum) {
          tile_sums = load_floats(sums + t * Stages::kSumBytes + numbers_at);
        }
        SPARKLLAMA_UNROLL
        for (int p = 0; p < Shape::kPanels; ++p) {
          int32_t dots[4];
          multiply_codes<Codes::kSign>(dots, a[p], b.words, {kShift, kShift, kShift, kShift});
          SPARKLLAMA_UNROLL
          for (int i = 0; i < 4; ++i) {
            float& y = y_[p][t][i];
            const float scale = tile_scales.values[i % 2];
            y = fused(number(dots[i]), scales[p].values[i / 2] * scale, y);
            if constexpr (kLayout.has_minimum) {
              y = fused(tile_sums.values[i % 2], minimums[p].values[i / 2] * scale, y);
            }
          }
        }
      }
    }
  }

  LanePlace place_;
  float y_[Shape::kPanels][Shape::kTiles][4] = {};
};

}  // namespace sparkllama::cuda
