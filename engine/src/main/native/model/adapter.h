// Describes an adapter as Java hands it over: a low-rank change of some of a model's weights,
// W x + scale * B (A x), and what of it belongs to which weight.
//
// The words and their order are those of io.sparkllama.engine.runner.AdapterDescription. Java has
// checked everything once; nothing here relies on that.
#pragma once

#include <cstdint>
#include <vector>

#include "base/word_reader.h"
#include "model/description.h"
#include "tensor/tensor_type.h"

namespace sparkllama {

// Most rows of an A.
constexpr int64_t kMostAdapterRank = 4096;

// Of a float type: products read the rows of a step as they are, without rounding them to integers.
struct AdapterMatrix {
  TensorType type;
  int64_t rows;
  int64_t columns;
};

// The change of one weight. Weights that are parts of one tensor share their A.
struct AdapterChange {
  WeightRole role;
  int32_t layer;  // 0 for the output matrix
  int32_t a;      // index of a matrix [rank, inputs]
  int32_t b;      // index of a matrix [outputs, rank]
  float scale;    // that A x is multiplied by
  int64_t rank;
};

struct AdapterLayout {
  std::vector<AdapterMatrix> matrices;
  std::vector<AdapterChange> changes;  // each weight at most once
};

// Weights of a layer that an adapter may change, and the output matrix, by number.
constexpr int32_t kAdaptableWeights = 8;

// Returns the number of a weight, -1 where no adapter may change it.
int32_t adaptable_weight(WeightRole role);

// Throws ModelFormatError where a number cannot be, or a shape is not that of the weight.
AdapterLayout read_adapter_layout(WordReader& words, const HyperParameters& parameters);

}  // namespace sparkllama
