// Reads one row of quantized activations out of its tile.
#pragma once

#include "ops/kernel_table.h"

namespace sparkllama::reference {

class ActivationRow {
 public:
  // `block` and `sum_block` are the columns of a scale and of a sum.
  ActivationRow(const Activations& activations, int64_t row, int64_t block, int64_t sum_block) {
    const ActivationTile tile = activations.tiles.tile_of(row);
    const int64_t first = tile.first_row;
    rows_ = tile.num_rows;
    const int64_t index = row - first;
    const int64_t columns = activations.columns;
    codes_ = activations.codes + first * tile_row_bytes(columns) + index * kTileColumns;
    scales_ = activations.scales + first * (columns / block) + index;
    sums_ = activations.sums + first * (columns / sum_block) + index;
  }

  // The codes from `column` on; those up to the next multiple of kTileColumns follow it.
  const int8_t* codes(int64_t column) const {
    return codes_ + column / kTileColumns * kTileColumns * rows_ + column % kTileColumns;
  }
  float scale(int64_t block) const { return scales_[block * rows_]; }
  int32_t sum(int64_t sum_block) const { return sums_[sum_block * rows_]; }

 private:
  int64_t rows_;  // of the tile
  const int8_t* codes_;
  const float* scales_;
  const int32_t* sums_;
};

}  // namespace sparkllama::reference
