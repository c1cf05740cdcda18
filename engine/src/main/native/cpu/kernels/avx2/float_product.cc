// Multiplies F32, F16 and BF16 weights with float activations; lanes are outputs.
//
// A panel holds 16 weight rows by kPanelColumns columns, widened and transposed, so that one vector
// holds a column of eight rows. A few panels are made at a time and meet every activation row.

#include "cpu/kernels/avx2/avx2_kernels.h"
#include "cpu/kernels/avx2/lanes.h"

namespace sparkllama::avx2 {
namespace {

constexpr int kPanelRows = 16;
constexpr int kPanelColumns = 64;
constexpr int kPanels = 4;    // 16 KiB: they stay in the first cache with a tile of activations
constexpr int kTileRows = 6;  // activation rows: 12 accumulators, 2 weights, 1 broadcast

struct Panel {
  alignas(32) float weights[kPanelColumns][kPanelRows];
};

struct WeightsF32 {
  static constexpr int kBytes = 4;
  static __m256 load(const uint8_t* from) {
    return _mm256_loadu_ps(reinterpret_cast<const float*>(from));
  }
};

struct WeightsF16 {
  static constexpr int kBytes = 2;
  static __m256 load(const uint8_t* from) {
    return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
  }
};

struct WeightsBF16 {
  static constexpr int kBytes = 2;
  static __m256 load(const uint8_t* from) {
    const __m128i halves = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
  }
};

// Fills the panel's columns [0, columns) from rows that begin at rows[i].
template <typename Weights>
void fill(Panel& panel, const uint8_t* const (&rows)[kPanelRows], int64_t columns) {
  for (int half = 0; half < kPanelRows; half += 8) {
    for (int64_t k = 0; k < columns; k += 8) {
      const int64_t count = smaller(8, columns - k);
      __m256i block[8];
      for (int i = 0; i < 8; ++i) {
        const uint8_t* from = rows[half + i] + k * Weights::kBytes;
        if (count == 8) {
          block[i] = _mm256_castps_si256(Weights::load(from));
        } else {
          uint8_t padded[32] = {};
          std::memcpy(padded, from, static_cast<size_t>(count * Weights::kBytes));
          block[i] = _mm256_castps_si256(Weights::load(padded));
        }
      }
      transpose(block);
      for (int i = 0; i < 8; ++i) {
        _mm256_store_ps(panel.weights[k + i] + half, _mm256_castsi256_ps(block[i]));
      }
    }
  }
}

// One panel's part of the product with some activation rows.
struct Tile {
  const Panel& panel;
  int64_t panel_columns;
  const float* x;  // [rows, x_stride], from the panel's first column on
  int64_t x_stride;
  float* y;  // [rows, y_stride], from the panel's first output on
  int64_t y_stride;
  int64_t outputs;  // of the panel's 16
  bool first;       // the chain begins here, from 0
};

template <int kRows>
void multiply(const Tile& tile) {
  __m256 low[kRows];
  __m256 high[kRows];
  for (int t = 0; t < kRows; ++t) {
    const float* y = tile.y + t * tile.y_stride;
    low[t] = tile.first ? _mm256_setzero_ps() : load_lanes(y, tile.outputs);
    high[t] =
        tile.first || tile.outputs <= 8 ? _mm256_setzero_ps() : load_lanes(y + 8, tile.outputs - 8);
  }
  for (int64_t k = 0; k < tile.panel_columns; ++k) {
    const __m256 low_weights = _mm256_load_ps(tile.panel.weights[k]);
    const __m256 high_weights = _mm256_load_ps(tile.panel.weights[k] + 8);
#pragma GCC unroll 8
    for (int t = 0; t < kRows; ++t) {
      const __m256 x = _mm256_broadcast_ss(tile.x + t * tile.x_stride + k);
      low[t] = _mm256_fmadd_ps(low_weights, x, low[t]);
      high[t] = _mm256_fmadd_ps(high_weights, x, high[t]);
    }
  }
  for (int t = 0; t < kRows; ++t) {
    float* y = tile.y + t * tile.y_stride;
    store_lanes(y, tile.outputs, low[t]);
    if (tile.outputs > 8) store_lanes(y + 8, tile.outputs - 8, high[t]);
  }
}

void multiply_rows(const Tile& tile, int64_t rows) {
  switch (rows) {
    case 1:
      return multiply<1>(tile);
    case 2:
      return multiply<2>(tile);
    case 3:
      return multiply<3>(tile);
    case 4:
      return multiply<4>(tile);
    case 5:
      return multiply<5>(tile);
    default:
      return multiply<kTileRows>(tile);
  }
}

// Activation rows of the next tile: few rows leave the multipliers waiting, so the last two share.
int64_t tile_rows(int64_t left) {
  return left == kTileRows + 1 || left == kTileRows + 2 ? (left + 1) / 2 : smaller(kTileRows, left);
}

// Multiplies all panels with all activation rows, for columns from k on: a tile of activations
// stays in the first cache while it meets one panel after the other.
void multiply_panels(const ProductTask& task, const Panel* panels, int64_t r, int64_t k) {
  const int64_t columns = task.activations.columns;
  for (int64_t t = 0; t < task.num_rows; t += tile_rows(task.num_rows - t)) {
    for (int64_t p = 0; p < kPanels && r + p * kPanelRows < task.row_end; ++p) {
      const int64_t output = r + p * kPanelRows;
      const Tile tile = {panels[p],
                         smaller(kPanelColumns, columns - k),
                         task.activations.values + t * columns + k,
                         columns,
                         task.y + t * task.y_stride + output,
                         task.y_stride,
                         smaller(kPanelRows, task.row_end - output),
                         k == 0};
      multiply_rows(tile, tile_rows(task.num_rows - t));
    }
  }
}

template <typename Weights>
void product(const ProductTask& task) {
  const int64_t columns = task.activations.columns;
  const uint8_t* data = reinterpret_cast<const uint8_t*>(task.weights.data);
  Panel panels[kPanels];
  for (int64_t r = task.row_begin; r < task.row_end; r += kPanels * kPanelRows) {
    for (int64_t k = 0; k < columns; k += kPanelColumns) {
      for (int64_t p = 0; p < kPanels && r + p * kPanelRows < task.row_end; ++p) {
        // Lanes beyond the last output repeat its row and are never stored.
        const uint8_t* rows[kPanelRows];
        for (int64_t i = 0; i < kPanelRows; ++i) {
          const int64_t row = smaller(r + p * kPanelRows + i, task.row_end - 1);
          rows[i] = data + row * task.weights.row_bytes + k * Weights::kBytes;
        }
        fill<Weights>(panels[p], rows, smaller(kPanelColumns, columns - k));
      }
      multiply_panels(task, panels, r, k);
    }
  }
}

}  // namespace

void float_product(const ProductTask& task) {
  switch (task.weights.type) {
    case TensorType::kF32:
      return product<WeightsF32>(task);
    case TensorType::kF16:
      return product<WeightsF16>(task);
    case TensorType::kBF16:
      return product<WeightsBF16>(task);
    default:
      return;
  }
}

}  // namespace sparkllama::avx2
