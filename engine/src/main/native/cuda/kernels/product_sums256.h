// Sums products of types with blocks of 256: per block, in order,
//   y = fma(float(dot), weight scale * activation scale, y)
//   dot = sum over sub-blocks of sub-scale * (sum of products of codes), int32
// and where there is a minimum, y = fma(float(minima), -(minimum * activation scale), y),
//   minima = sum over sub-blocks of sub-minimum * (sum of the row's codes).
#pragma once

#include "cuda/kernels/product_fragments.h"

namespace sparkllama::cuda {

// A warp's outputs, of kPanels by kTiles.
template <TensorType kType, typename Shape>
class ProductSums256 {
 public:
  using Stages = ProductStages<kType, Shape>;

  // `panels`, `tiles` and `sums` are those of the warp's first in a stage, which is a block.
  __device__ void add_stage(const std::byte* panels, const std::byte* tiles,
                            const std::byte* sums) {
    int32_t dots[Shape::kPanels][Shape::kTiles][4] = {};
    SPARKLLAMA_UNROLL_BY(kPairsAtOnce)
    for (int pair = 0; pair < 4; ++pair) add_pair(panels, pair, tiles, dots);
    SPARKLLAMA_UNROLL
    for (int p = 0; p < Shape::kPanels; ++p) {
      const std::byte* panel = panels + p * Stages::kPanelBytes;
      const RowPair scales = load_halves(panel + kLayout.scales_at + place_.upper_row * 4);
      SPARKLLAMA_UNROLL
      for (int t = 0; t < Shape::kTiles; ++t) {
        const RowPair tile_scales = load_floats(tiles + t * Stages::kTileBytes +
                                                kTileRecord256.scales_at + 8 * place_.first_pair);
        SPARKLLAMA_UNROLL
        for (int i = 0; i < 4; ++i) {
          // The products are multiples of 16 where codes are 16 times too large.
          const int32_t dot = Codes::kTimes16 ? dots[p][t][i] >> 4 : dots[p][t][i];
          y_[p][t][i] = fused(static_cast<float>(dot),
                              scales.values[i / 2] * tile_scales.values[i % 2], y_[p][t][i]);
        }
        if constexpr (kLayout.has_minimum) {
          add_minima(panel, sums + t * Stages::kSumBytes, tile_scales, y_[p][t]);
        }
      }
    }
  }

  __device__ float output(int panel, int tile, int i) const { return y_[panel][tile][i]; }

 private:
  static constexpr PlacedLayout kLayout = placed_layout(kType);
  using Codes = CodeFragments<kType>;
  static constexpr int kPairsAtOnce = Shape::kPanels * Shape::kTiles >= 8 ? 1 : 4;
  // Words of sub-scales of two blocks of 32 and two rows.
  static constexpr int kSubWords = 32 / kLayout.sub_columns;
  using SubScales = Words<kSubWords>;

  // Of row g (half 0) or g + 8 (half 1), sub-block `sub` of a pair of blocks.
  __device__ static int32_t sub_scale(const SubScales& scales, int sub, int half) {
    return static_cast<int8_t>(scales.words[sub / 2] >> ((sub % 2 * 2 + half) * 8));
  }

  __device__ void add_pair(const std::byte* panels, int pair, const std::byte* tiles,
                           int32_t (&dots)[Shape::kPanels][Shape::kTiles][4]) {
    SubScales subs[Shape::kPanels];
    SPARKLLAMA_UNROLL
    for (int p = 0; p < Shape::kPanels; ++p) {
      const std::byte* panel = panels + p * Stages::kPanelBytes;
      subs[p] = load_words<kSubWords>(panel + kLayout.subs_at +
                                      (pair * 8 + place_.upper_row) * 4 * kSubWords);
    }
    SPARKLLAMA_UNROLL
    for (int block = 0; block < 2; ++block) {
      uint32_t a[Shape::kPanels][4];
      SPARKLLAMA_UNROLL
      for (int p = 0; p < Shape::kPanels; ++p) {
        Codes::load(panels + p * Stages::kPanelBytes, 2 * pair + block, place_.lane, a[p]);
      }
      SPARKLLAMA_UNROLL
      for (int t = 0; t < Shape::kTiles; ++t) {
        const Words<2> b = load_words<2>(tiles + t * Stages::kTileBytes +
                                         (2 * pair + block) * kTileBlockBytes + place_.lane * 8);
        SPARKLLAMA_UNROLL
        for (int p = 0; p < Shape::kPanels; ++p) add_block(a[p], b, subs[p], block, dots[p][t]);
      }
    }
  }

  __device__ static void add_block(const uint32_t (&a)[4], const Words<2>& b, const SubScales& subs,
                                   int block, int32_t (&dots)[4]) {
    int32_t products[4];
    if constexpr (kLayout.sub_columns == 32) {
      multiply_codes<Codes::kSign>(products, a, b.words, {0, 0, 0, 0});
      SPARKLLAMA_UNROLL
      for (int i = 0; i < 4; ++i) dots[i] += sub_scale(subs, block, i / 2) * products[i];
    } else {
      SPARKLLAMA_UNROLL
      for (int sub = 0; sub < 2; ++sub) {
        multiply_codes<Codes::kSign>(products, {a[2 * sub], a[2 * sub + 1]}, b.words[sub],
                                     {0, 0, 0, 0});
        SPARKLLAMA_UNROLL
        for (int i = 0; i < 4; ++i) {
          dots[i] += sub_scale(subs, 2 * block + sub, i / 2) * products[i];
        }
      }
    }
  }

  __device__ void add_minima(const std::byte* panel, const std::byte* sums,
                             const RowPair& tile_scales, float (&y)[4]) const {
    uint32_t a[2];
    if constexpr (kLayout.sub_columns == 16) {
      const Words<2> words = load_words<2>(panel + kLayout.sub_minimums_at + place_.lane * 8);
      a[0] = words.words[0];
      a[1] = words.words[1];
    } else {
      // Sums are of 16 columns: each sub-minimum is taken twice.
      const uint32_t word =
          load_words<1>(panel + kLayout.sub_minimums_at + place_.lane * 4).words[0];
      a[0] = pick_bytes(word, 0x1100);
      a[1] = pick_bytes(word, 0x3322);
    }
    const Words<2> b = load_words<2>(sums + place_.lane * 8);
    const RowPair minimums = load_halves(panel + kLayout.minimums_at + place_.upper_row * 4);
    int32_t low[4];
    int32_t high[4];
    multiply_codes<CodeSign::kUnsigned>(low, a, b.words[0], {0, 0, 0, 0});
    multiply_codes<CodeSign::kUnsigned>(high, a, b.words[1], {0, 0, 0, 0});
    SPARKLLAMA_UNROLL
    for (int i = 0; i < 4; ++i) {
      const int32_t minima = low[i] + 128 * high[i];
      y[i] = fused(static_cast<float>(minima),
                   -(minimums.values[i / 2] * tile_scales.values[i % 2]), y[i]);
    }
  }

  LanePlace place_;
  float y_[Shape::kPanels][Shape::kTiles][4] = {};
};

}  // namespace sparkllama::cuda
