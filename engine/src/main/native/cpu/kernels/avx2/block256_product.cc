// Multiplies weights in blocks of 256 with 8-bit activations; lanes are outputs.
//
// As block32_product.cc; sub-scales multiply the 16-bit sums of products, in 32 bits and exactly.

#include "cpu/kernels/avx2/avx2_kernels.h"
#include "cpu/kernels/avx2/block256_panel.h"

namespace sparkllama::avx2 {
namespace {

constexpr int kTileRows = 4;  // activation rows
constexpr int kPanels = 4;    // 12 KiB: they stay in the first cache with a tile of activations

// A panel times some activation rows.
struct Tile {
  const Panel256& panel;
  const int8_t* codes;  // [rows, columns], from the panel's first column on
  int64_t columns;
  const float* scales;  // [rows, row_blocks]
  const int32_t* sums;  // [rows, row_blocks * 16]
  int64_t row_blocks;
  float* y;  // [rows, y_stride], from the panel's first output on
  int64_t y_stride;
  int64_t outputs;  // of the panel's 8
  bool first;       // the chain begins here, from 0
};

// Per output, the sum over sub-blocks of a factor times the sum of activation codes.
inline __attribute__((always_inline)) __m256i weigh_sums(const Panel256& panel,
                                                         const int32_t* sums) {
  // 16 sums of 16 codes, at most 2,032 each, as 16-bit pairs.
  const __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(sums));
  const __m256i high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(sums + 8));
  const __m256i packed = _mm256_permute4x64_epi64(_mm256_packs_epi32(low, high), 0xd8);
  alignas(32) int32_t pairs[8];
  _mm256_store_si256(reinterpret_cast<__m256i*>(pairs), packed);
  __m256i total = _mm256_setzero_si256();
#pragma GCC unroll 8
  for (int j = 0; j < 8; ++j) {
    const __m256i factors =
        _mm256_load_si256(reinterpret_cast<const __m256i*>(panel.sum_factors[j]));
    total = _mm256_add_epi32(total, _mm256_madd_epi16(_mm256_set1_epi32(pairs[j]), factors));
  }
  return total;
}

// Adds the dot products of one sub-block with kRows activation rows, times its sub-scale.
template <typename Codes, int kRows>
inline __attribute__((always_inline)) void add_sub_block(const Tile& tile, int sub,
                                                         __m256i (&dots)[kRows]) {
  constexpr int kSteps = Codes::kSubColumns / 4;
  const __m256i sub_scale =
      _mm256_load_si256(reinterpret_cast<const __m256i*>(tile.panel.sub_scales[sub]));
  const uint8_t* weight_codes = tile.panel.codes[sub * kSteps];
  const int8_t* codes = tile.codes + sub * Codes::kSubColumns;
  __m256i sums[kRows];
#pragma GCC unroll 8
  for (int j = 0; j < kSteps; ++j) {
    const __m256i weights =
        _mm256_load_si256(reinterpret_cast<const __m256i*>(weight_codes + 32 * j));
#pragma GCC unroll 8
    for (int t = 0; t < kRows; ++t) {
      const __m256i x = _mm256_set1_epi32(load_i32(codes + t * tile.columns + 4 * j));
      const __m256i products = Codes::kSigned ? _mm256_maddubs_epi16(_mm256_abs_epi8(weights),
                                                                     _mm256_sign_epi8(x, weights))
                                              : _mm256_maddubs_epi16(weights, x);
      sums[t] = j % Codes::kGroup == 0 ? products : _mm256_add_epi16(sums[t], products);
      if (j % Codes::kGroup == Codes::kGroup - 1) {
        dots[t] = _mm256_add_epi32(dots[t], _mm256_madd_epi16(sums[t], sub_scale));
      }
    }
  }
}

template <typename Codes, int kRows>
void multiply(const Tile& tile) {
  __m256i dots[kRows];
#pragma GCC unroll 8
  for (int t = 0; t < kRows; ++t) dots[t] = _mm256_setzero_si256();
  for (int sub = 0; sub < 256 / Codes::kSubColumns; ++sub) {
    add_sub_block<Codes, kRows>(tile, sub, dots);
  }
  const __m256 weight_scales = _mm256_load_ps(tile.panel.scales);
#pragma GCC unroll 8
  for (int t = 0; t < kRows; ++t) {
    float* y = tile.y + t * tile.y_stride;
    __m256 acc = tile.first ? _mm256_setzero_ps() : load_lanes(y, tile.outputs);
    const __m256 scale = _mm256_broadcast_ss(tile.scales + t * tile.row_blocks);
    __m256i weighed = _mm256_setzero_si256();
    if constexpr (Codes::kMinimum || Codes::kOffset > 0) {
      weighed = weigh_sums(tile.panel, tile.sums + t * tile.row_blocks * 16);
    }
    if constexpr (Codes::kOffset > 0) dots[t] = _mm256_sub_epi32(dots[t], weighed);
    acc = _mm256_fmadd_ps(_mm256_cvtepi32_ps(dots[t]), _mm256_mul_ps(weight_scales, scale), acc);
    if constexpr (Codes::kMinimum) {
      const __m256 minimums = _mm256_mul_ps(_mm256_load_ps(tile.panel.minimums), scale);
      acc = _mm256_fnmadd_ps(_mm256_cvtepi32_ps(weighed), minimums, acc);
    }
    store_lanes(y, tile.outputs, acc);
  }
}

template <typename Codes>
void multiply_rows(const Tile& tile, int64_t rows) {
  switch (rows) {
    case 1:
      return multiply<Codes, 1>(tile);
    case 2:
      return multiply<Codes, 2>(tile);
    case 3:
      return multiply<Codes, 3>(tile);
    default:
      return multiply<Codes, kTileRows>(tile);
  }
}

// Multiplies all panels with all activation rows, for block b: a tile of activations stays in the
// first cache while it meets one panel after the other.
template <typename Codes>
void multiply_panels(const ProductTask& task, const Panel256* panels, int64_t r, int64_t b) {
  const Activations& x = task.activations;
  const int64_t blocks = x.columns / 256;
  for (int64_t t = 0; t < task.num_rows; t += kTileRows) {
    for (int64_t p = 0; p < kPanels && r + p * kPanelRows < task.row_end; ++p) {
      const int64_t output = r + p * kPanelRows;
      const Tile tile = {panels[p],
                         x.codes + t * x.columns + b * 256,
                         x.columns,
                         x.scales + t * blocks + b,
                         x.sums + (t * blocks + b) * 16,
                         blocks,
                         task.y + t * task.y_stride + output,
                         task.y_stride,
                         smaller(kPanelRows, task.row_end - output),
                         b == 0};
      multiply_rows<Codes>(tile, smaller(kTileRows, task.num_rows - t));
    }
  }
}

template <typename Codes>
void product(const ProductTask& task) {
  const int64_t blocks = task.activations.columns / 256;
  const uint8_t* data = reinterpret_cast<const uint8_t*>(task.weights.data);
  Panel256 panels[kPanels];
  for (int64_t r = task.row_begin; r < task.row_end; r += kPanels * kPanelRows) {
    for (int64_t b = 0; b < blocks; ++b) {
      for (int64_t p = 0; p < kPanels && r + p * kPanelRows < task.row_end; ++p) {
        // Lanes beyond the last output repeat its row and are never stored.
        const uint8_t* rows[kPanelRows];
        for (int64_t i = 0; i < kPanelRows; ++i) {
          const int64_t row = smaller(r + p * kPanelRows + i, task.row_end - 1);
          rows[i] = data + row * task.weights.row_bytes;
        }
        fill<Codes>(panels[p], rows, b);
      }
      multiply_panels<Codes>(task, panels, r, b);
    }
  }
}

}  // namespace

void block256_product(const ProductTask& task) {
  switch (task.weights.type) {
    case TensorType::kQ2_K:
      return product<CodesQ2_K>(task);
    case TensorType::kQ3_K:
      return product<CodesQ3_K>(task);
    case TensorType::kQ4_K:
      return product<CodesQ4_K>(task);
    case TensorType::kQ5_K:
      return product<CodesQ5_K>(task);
    case TensorType::kQ6_K:
      return product<CodesQ6_K>(task);
    case TensorType::kIQ4_XS:
      return product<CodesIQ4_XS>(task);
    default:
      return;
  }
}

}  // namespace sparkllama::avx2
