// Says how the rows of a step's quantized activations are grouped into tiles.
//
// A product's kernel multiplies a few activation rows at once and reads them side by side, so that
// all it needs is one stream. A tile of n rows of `columns` columns is:
//
//   codes   [ceil(columns / 64)][n][64]
//   all else has one element per block (or sub-block) and row: [blocks][n]
//
// and the tiles follow one another. A tile of one row is the row itself.
#pragma once

#include <cstdint>

namespace sparkllama {

// Columns of one row that stand together in a tile.
constexpr int64_t kTileColumns = 64;

// The bytes of codes that a row of `columns` takes: the last ones may stand for no column.
constexpr int64_t tile_row_bytes(int64_t columns) {
  return (columns + kTileColumns - 1) / kTileColumns * kTileColumns;
}

struct ActivationTile {
  int64_t first_row;
  int64_t num_rows;
};

// Tiles of like height: one of few rows costs almost as much as a full one.
struct ActivationTiles {
  int64_t num_rows;   // of the step
  int64_t most_rows;  // of a tile, at least 1

  constexpr int64_t count() const { return (num_rows + most_rows - 1) / most_rows; }

  constexpr ActivationTile tile(int64_t index) const {
    if (most_rows == 1) return {index, 1};
    const int64_t first = num_rows * index / count();
    return {first, num_rows * (index + 1) / count() - first};
  }

  // The tile that holds a row.
  constexpr ActivationTile tile_of(int64_t row) const {
    return tile(((row + 1) * count() - 1) / num_rows);
  }
};

}  // namespace sparkllama
