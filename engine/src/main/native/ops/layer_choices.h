// Names what the layers of models differ in, as far as operations do; numbers are those of
// io.sparkllama.engine.runner.ModelDescription.
#pragma once

#include <cstdint>

namespace sparkllama {

enum class RopeLayout : int32_t { kAdjacent = 0, kHalves = 1 };

// By what a norm divides: the root of the mean square (RMSNorm), or after the mean was subtracted,
// the standard deviation (LayerNorm, with a bias).
enum class NormKind : int32_t { kRootMeanSquare = 0, kStandardDeviation = 1 };

// What stands between the matrices of the feed-forward network: SiLU or GELU of the gate times up,
// or GELU of up where there is no gate.
enum class Activation : int32_t { kSwiglu = 0, kGeglu = 1, kGelu = 2 };

}  // namespace sparkllama
