// Says what pieces of a step cost, in integer multiply-adds, to decide whether they are worth
// sharing among threads.
#pragma once

#include <cstdint>

#include "tensor/packed_layout.h"

namespace sparkllama {

constexpr int64_t kRowGranule = 2 * kPanelRows;  // outputs that one thread takes at least: a tile's

constexpr int64_t kFloatProductCost = 4;
constexpr int64_t kElementCost = 8;
constexpr int64_t kTranscendentalCost = 64;

}  // namespace sparkllama
