// Multiplies packed weights with activations, written once for all vector units.
//
// Lanes are outputs, and an activation is broadcast: no sum runs across lanes, so that an output is
// one chain whatever the width of the vectors. A tile is one or two panels by a few activation
// rows; it runs along a chunk of the columns with its sums in registers, while the weights of the
// chunk stay in the caches for all activation rows.
//
// An instruction set's files include this with a vector unit `V` of an unnamed namespace, which
// gives every function here a copy of their own (the linker must not merge copies of different
// instruction sets). V has:
//   kVectors          vectors that cover the 16 rows of a panel
//   kPanels, kRows    panels and most activation rows of a tile
//   kSingleTile       false
//   kSubtractsOffset  whether dot_wide subtracts the offset of 128 itself
//   Int, Float        vectors of 64 / kVectors bytes
//   load, zero, broadcast (of 4 bytes), add, subtract, multiply (32-bit lanes), shift_left (32-bit
//   lanes), low_bits<bits, shift> (of every byte, shifted right first), place_bits<bits, shift, to>
//   (those bits, at bit `to`), either (bitwise or), table_codes (what 4-bit IQ4 codes mean, + 128)
//   dot               accumulator + 4 products per lane: codes in [0, 63], activations
//   dot_wide          the same with codes in [0, 255], each 128 above what is meant
//   dot_shorts        accumulator + 2 products per lane of 16-bit integers
//   widen_signed, widen_low_half, widen_high_half, widen_pairs: one byte (two) per lane to 32 (16)
//   store_codes, exclusive_or, constant (of 32-bit lanes), shift_right (32-bit lanes, of their
//   sign) pair_shorts: lanes whose low halves are the first's and whose high halves are the
//   second's to_float, load_float, load_halves, load_bfloats, broadcast_float, multiply, fma, fnma,
//   store
#pragma once

#include "cpu/kernels/product_tile.h"

namespace sparkllama {
namespace {

// Bytes of weights that stay in the second cache, beside the next chunk's, for all activation rows.
// A chunk of few columns would spend its time on loading and storing the sums.
constexpr int64_t kChunkBytes = kProductScratchBytes;

// Calls the tile's function for its number of activation rows.
template <typename V, template <typename, TensorType, int> typename Tile, TensorType kType,
          int kRows>
inline __attribute__((always_inline)) void multiply_rows(const ProductTile& tile, int64_t rows) {
  if (rows == kRows) {
    Tile<V, kType, kRows>::multiply(tile);
  } else if constexpr (kRows > 1) {
    multiply_rows<V, Tile, kType, kRows - 1>(tile, rows);
  }
}

// How a product of one type walks through its weights: panels by chunks of columns.
template <typename V, TensorType kType, int64_t kBlockBytes>
struct PanelWalk {
  static constexpr RecordLayout kRecord = record_layout(kType);
  const ProductTask& task;
  int64_t blocks;  // of a row
  int64_t chunk;   // blocks, whole records
  int64_t bytes;   // of a panel

  explicit PanelWalk(const ProductTask& product)
      : task(product),
        blocks(task.weights.columns / kRecord.block_columns),
        bytes(panel_bytes(kType, task.weights.columns)) {
    // Few activation rows pass a chunk once: then it is the whole panel, read in one go. Chunks of
    // like width, for one of few columns is mostly beginning and end.
    constexpr int64_t kMost = kChunkBytes / (V::kPanels * kBlockBytes);
    const int64_t chunks =
        task.activations.tiles.num_rows <= V::kRows ? 1 : (blocks + kMost - 1) / kMost;
    const int64_t records = (blocks + kRecord.blocks - 1) / kRecord.blocks;
    chunk = (records + chunks - 1) / chunks * kRecord.blocks;
  }

  const uint8_t* at(int64_t row, int64_t block) const {
    return reinterpret_cast<const uint8_t*>(task.weights.data) + row / kPanelRows * bytes +
           block / kRecord.blocks * kRecord.bytes;
  }
};

// For activation rows that fill one tile at most: each weight is read once, at the speed of memory,
// and that is highest for one stream that is fetched into the first cache a little ahead.
template <typename V>
struct SingleTileUnit : V {
  static constexpr int kPanels = 1;
  static constexpr bool kSingleTile = true;
  static constexpr int64_t kAheadBytes = 4096;
};

// For weights that tiles read as they are.
template <TensorType kType>
struct AsPacked {
  static constexpr int64_t kBlockBytes = record_layout(kType).bytes / record_layout(kType).blocks;
  void prepare(ProductTile&) {}
};

// `weights` prepares the panels of a chunk before its tiles are multiplied.
template <typename V, template <typename, TensorType, int> typename Tile, TensorType kType,
          typename Weights>
void multiply_chunks(const ProductTask& task, Weights& weights) {
  const PanelWalk<V, kType, Weights::kBlockBytes> walk(task);
  constexpr int64_t kStride = V::kPanels * kPanelRows;
  constexpr int64_t kLines = record_layout(kType).bytes / 64;
  const int64_t tiles = task.activations.tiles.count();
  for (int64_t r = task.row_begin; r < task.row_end; r += kStride) {
    for (int64_t first = 0; first < walk.blocks; first += walk.chunk) {
      const bool last = first + walk.chunk >= walk.blocks;
      ProductTile tile;
      tile.columns = task.weights.columns;
      tile.first_block = first;
      tile.end_block = last ? walk.blocks : first + walk.chunk;
      tile.activations = &task.activations;
      tile.y_stride = task.y_stride;
      if constexpr (V::kSingleTile) {
        tile.ahead = V::kAheadBytes;
      } else {
        tile.ahead = last ? walk.at(r + kStride, 0) - walk.at(r, first)
                          : walk.at(r, first + walk.chunk) - walk.at(r, first);
      }
      for (int p = 0; p < V::kPanels; ++p) {
        // Where there is no second panel the first is read twice, and nothing is written.
        const bool there = r + p * kPanelRows < task.row_end;
        const int64_t left = there ? task.row_end - r - p * kPanelRows : 0;
        tile.panels[p] = walk.at(there ? r + p * kPanelRows : r, first);
        tile.outputs[p] = left < kPanelRows ? left : kPanelRows;
      }
      weights.prepare(tile);
      for (int64_t i = 0; i < tiles; ++i) {
        const ActivationTile rows = task.activations.tiles.tile(i);
        tile.first_row = rows.first_row;
        tile.first_line = kLines * i / tiles;
        tile.end_line = kLines * (i + 1) / tiles;
        for (int p = 0; p < V::kPanels; ++p) {
          const int64_t output = tile.outputs[p] > 0 ? r + p * kPanelRows : r;
          tile.y[p] = task.y + tile.first_row * task.y_stride + output;
        }
        multiply_rows<V, Tile, kType, V::kRows>(tile, rows.num_rows);
      }
    }
  }
}

template <typename V, template <typename, TensorType, int> typename Tile, TensorType kType>
void multiply_panels(const ProductTask& task) {
  AsPacked<kType> weights;
  if (task.activations.tiles.count() == 1) {
    multiply_chunks<SingleTileUnit<V>, Tile, kType>(task, weights);
  } else {
    multiply_chunks<V, Tile, kType>(task, weights);
  }
}

}  // namespace
}  // namespace sparkllama
