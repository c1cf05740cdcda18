// Declares the two products of attention on a tile.
#pragma once

#include "cpu/kernels/attention_tile.h"

namespace sparkllama::avx2 {

void score_tile(TileType type, const ScoreTile& tile);
void accumulate_tile(TileType type, const ValueTile& tile);

}  // namespace sparkllama::avx2
