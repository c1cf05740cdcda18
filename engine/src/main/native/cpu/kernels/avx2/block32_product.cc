// Multiplies weights in blocks of 32 with 8-bit activations; lanes are outputs.
//
// Eight weight rows are unpacked a block at a time into a panel interleaved by four columns: one
// multiply-add advances eight outputs by four columns, against four broadcast activation codes.
// A few panels are made at a time and meet every activation row.

#include "cpu/kernels/avx2/avx2_kernels.h"
#include "cpu/kernels/avx2/lanes.h"
#include "cpu/kernels/avx2/weight_codes.h"
#include "tensor/block_layout.h"

namespace sparkllama::avx2 {
namespace {

constexpr int kPanelRows = 8;
constexpr int kPanelBlocks = 8;
constexpr int kPanels = 4;    // 10 KiB: they stay in the first cache with a tile of activations
constexpr int kTileRows = 4;  // activation rows

struct PanelBlock {
  alignas(32) uint8_t codes[8][32];  // [columns / 4, rows, 4]
  alignas(32) float scales[kPanelRows];
  alignas(32) float minimums[kPanelRows];
};

// What a type's blocks hold, and how their codes are multiplied:
//   kSigned: codes are int8 in full range, and their sign moves to the activation code;
//   kOffsetBits: otherwise codes are unsigned and stand for code - 2^kOffsetBits (0: no offset);
//   kGroup: how many 16-bit sums of products can be added before they might overflow.
struct CodesQ4_0 {
  using Block = BlockQ4_0;
  static constexpr bool kSigned = false;
  static constexpr bool kMinimum = false;
  static constexpr int kOffsetBits = 3;
  static constexpr int kGroup = 8;  // 8 * 2 * 15 * 127 = 30480
  static __m256i load(const uint8_t* block) { return nibble_codes(block + offsetof(Block, codes)); }
};

struct CodesQ4_1 {
  using Block = BlockQ4_1;
  static constexpr bool kSigned = false;
  static constexpr bool kMinimum = true;
  static constexpr int kOffsetBits = 0;
  static constexpr int kGroup = 8;
  static __m256i load(const uint8_t* block) { return nibble_codes(block + offsetof(Block, codes)); }
};

struct CodesQ5_0 {
  using Block = BlockQ5_0;
  static constexpr bool kSigned = false;
  static constexpr bool kMinimum = false;
  static constexpr int kOffsetBits = 4;
  static constexpr int kGroup = 4;  // 4 * 2 * 31 * 127 = 31496
  static __m256i load(const uint8_t* block) {
    return _mm256_or_si256(nibble_codes(block + offsetof(Block, codes)),
                           fifth_bits(block + offsetof(Block, fifth_bits)));
  }
};

struct CodesQ5_1 {
  using Block = BlockQ5_1;
  static constexpr bool kSigned = false;
  static constexpr bool kMinimum = true;
  static constexpr int kOffsetBits = 0;
  static constexpr int kGroup = 4;
  static __m256i load(const uint8_t* block) {
    return _mm256_or_si256(nibble_codes(block + offsetof(Block, codes)),
                           fifth_bits(block + offsetof(Block, fifth_bits)));
  }
};

struct CodesQ8_0 {
  using Block = BlockQ8_0;
  static constexpr bool kSigned = true;
  static constexpr bool kMinimum = false;
  static constexpr int kOffsetBits = 0;
  static constexpr int kGroup = 1;  // 2 * 128 * 127 = 32512
  static __m256i load(const uint8_t* block) { return load_codes(block + offsetof(Block, codes)); }
};

struct CodesIQ4_NL {
  using Block = BlockIQ4_NL;
  static constexpr bool kSigned = true;
  static constexpr bool kMinimum = false;
  static constexpr int kOffsetBits = 0;
  static constexpr int kGroup = 1;
  static __m256i load(const uint8_t* block) {
    return iq4_values(nibble_codes(block + offsetof(Block, codes)));
  }
};

template <typename Codes>
void fill(PanelBlock& panel, const uint8_t* const (&rows)[kPanelRows], int64_t block) {
  using Block = typename Codes::Block;
  __m256i codes[8];
  alignas(16) uint16_t scales[kPanelRows];
  alignas(16) uint16_t minimums[kPanelRows] = {};
  for (int i = 0; i < kPanelRows; ++i) {
    const uint8_t* from = rows[i] + block * static_cast<int64_t>(sizeof(Block));
    codes[i] = Codes::load(from);
    scales[i] = load_u16(from + offsetof(Block, scale));
    if constexpr (Codes::kMinimum) minimums[i] = load_u16(from + offsetof(Block, minimum));
  }
  transpose(codes);
  for (int j = 0; j < 8; ++j) {
    _mm256_store_si256(reinterpret_cast<__m256i*>(panel.codes[j]), codes[j]);
  }
  _mm256_store_ps(panel.scales, widen_halves(scales));
  if constexpr (Codes::kMinimum) _mm256_store_ps(panel.minimums, widen_halves(minimums));
}

// Some blocks of a panel times some activation rows.
struct Tile {
  const PanelBlock* panel;  // [blocks]
  int64_t blocks;
  const int8_t* codes;  // [rows, columns], from the panel's first column on
  const float* scales;  // [rows, row_blocks]
  const int32_t* sums;  // [rows, row_blocks]
  int64_t columns;
  int64_t row_blocks;
  float* y;  // [rows, y_stride], from the panel's first output on
  int64_t y_stride;
  int64_t outputs;  // of the panel's 8
  bool first;       // the chain begins here, from 0
};

// Integer dot products of one block with kRows activation rows.
template <typename Codes, int kRows>
inline __attribute__((always_inline)) void dot_products(const Tile& tile, int64_t block,
                                                        __m256i (&dots)[kRows]) {
  const __m256i ones = _mm256_set1_epi16(1);
  const PanelBlock& panel = tile.panel[block];
  const int8_t* codes = tile.codes + block * 32;
  __m256i sums[kRows];
#pragma GCC unroll 8
  for (int t = 0; t < kRows; ++t) dots[t] = _mm256_setzero_si256();
#pragma GCC unroll 8
  for (int j = 0; j < 8; ++j) {
    const __m256i weights = _mm256_load_si256(reinterpret_cast<const __m256i*>(panel.codes[j]));
#pragma GCC unroll 8
    for (int t = 0; t < kRows; ++t) {
      const __m256i x = _mm256_set1_epi32(load_i32(codes + t * tile.columns + 4 * j));
      const __m256i products = Codes::kSigned ? _mm256_maddubs_epi16(_mm256_abs_epi8(weights),
                                                                     _mm256_sign_epi8(x, weights))
                                              : _mm256_maddubs_epi16(weights, x);
      sums[t] = j % Codes::kGroup == 0 ? products : _mm256_add_epi16(sums[t], products);
      if (j % Codes::kGroup == Codes::kGroup - 1) {
        dots[t] = _mm256_add_epi32(dots[t], _mm256_madd_epi16(sums[t], ones));
      }
    }
  }
}

template <typename Codes, int kRows>
void multiply(const Tile& tile) {
  __m256 acc[kRows];
  for (int t = 0; t < kRows; ++t) {
    const float* y = tile.y + t * tile.y_stride;
    acc[t] = tile.first ? _mm256_setzero_ps() : load_lanes(y, tile.outputs);
  }
  for (int64_t b = 0; b < tile.blocks; ++b) {
    __m256i dots[kRows];
    dot_products<Codes, kRows>(tile, b, dots);
    const __m256 weight_scales = _mm256_load_ps(tile.panel[b].scales);
#pragma GCC unroll 8
    for (int t = 0; t < kRows; ++t) {
      const __m256 scale = _mm256_broadcast_ss(tile.scales + t * tile.row_blocks + b);
      const __m256i sum = _mm256_set1_epi32(tile.sums[t * tile.row_blocks + b]);
      if constexpr (Codes::kOffsetBits > 0) {
        dots[t] = _mm256_sub_epi32(dots[t], _mm256_slli_epi32(sum, Codes::kOffsetBits));
      }
      acc[t] =
          _mm256_fmadd_ps(_mm256_cvtepi32_ps(dots[t]), _mm256_mul_ps(weight_scales, scale), acc[t]);
      if constexpr (Codes::kMinimum) {
        const __m256 minimums = _mm256_load_ps(tile.panel[b].minimums);
        acc[t] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sum), _mm256_mul_ps(minimums, scale), acc[t]);
      }
    }
  }
  for (int t = 0; t < kRows; ++t) {
    store_lanes(tile.y + t * tile.y_stride, tile.outputs, acc[t]);
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

// Multiplies all panels with all activation rows, for blocks from b on: a tile of activations stays
// in the first cache while it meets one panel after the other.
template <typename Codes>
void multiply_panels(const ProductTask& task, const PanelBlock (*panels)[kPanelBlocks], int64_t r,
                     int64_t b) {
  const Activations& x = task.activations;
  const int64_t blocks = x.columns / 32;
  for (int64_t t = 0; t < task.num_rows; t += kTileRows) {
    for (int64_t p = 0; p < kPanels && r + p * kPanelRows < task.row_end; ++p) {
      const int64_t output = r + p * kPanelRows;
      const Tile tile = {panels[p],
                         smaller(kPanelBlocks, blocks - b),
                         x.codes + t * x.columns + b * 32,
                         x.scales + t * blocks + b,
                         x.sums + t * blocks + b,
                         x.columns,
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
  const int64_t blocks = task.activations.columns / 32;
  const uint8_t* data = reinterpret_cast<const uint8_t*>(task.weights.data);
  PanelBlock panels[kPanels][kPanelBlocks];
  for (int64_t r = task.row_begin; r < task.row_end; r += kPanels * kPanelRows) {
    for (int64_t b = 0; b < blocks; b += kPanelBlocks) {
      const int64_t panel_blocks = smaller(kPanelBlocks, blocks - b);
      for (int64_t p = 0; p < kPanels && r + p * kPanelRows < task.row_end; ++p) {
        // Lanes beyond the last output repeat its row and are never stored.
        const uint8_t* rows[kPanelRows];
        for (int64_t i = 0; i < kPanelRows; ++i) {
          const int64_t row = smaller(r + p * kPanelRows + i, task.row_end - 1);
          rows[i] = data + row * task.weights.row_bytes;
        }
        for (int64_t i = 0; i < panel_blocks; ++i) fill<Codes>(panels[p][i], rows, b + i);
      }
      multiply_panels<Codes>(task, panels, r, b);
    }
  }
}

}  // namespace

void block32_product(const ProductTask& task) {
  switch (task.weights.type) {
    case TensorType::kQ4_0:
      return product<CodesQ4_0>(task);
    case TensorType::kQ4_1:
      return product<CodesQ4_1>(task);
    case TensorType::kQ5_0:
      return product<CodesQ5_0>(task);
    case TensorType::kQ5_1:
      return product<CodesQ5_1>(task);
    case TensorType::kQ8_0:
      return product<CodesQ8_0>(task);
    case TensorType::kIQ4_NL:
      return product<CodesIQ4_NL>(task);
    default:
      return;
  }
}

}  // namespace sparkllama::avx2
