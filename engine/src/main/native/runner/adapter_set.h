// Holds the adapters of a runner: their matrices in the layout that the products of float types
// read.
//
// An adapter is opened once, which takes its memory, and then filled with the rows of its matrices.
// Steps may name it when all rows are there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/aligned_array.h"
#include "model/adapter.h"
#include "tensor/packed_layout.h"

namespace sparkllama {

// What is added to the product of one weight: scale * B (A x).
struct WeightChange {
  PackedMatrix a = {};  // [rank, inputs]; no data where the weight is not changed
  PackedMatrix b = {};  // [outputs, rank]
  float scale = 0;
};

class AdapterSet {
 public:
  explicit AdapterSet(const HyperParameters& parameters) : parameters_(parameters) {}

  // Takes an adapter's memory and returns the index by which it is named. Throws ModelFormatError
  // where it does not fit the model, and MemoryError.
  int32_t open(WordReader& words);

  // Forgets the adapter that was opened last.
  void close_last() { adapters_.pop_back(); }

  // Packs the next rows of a matrix, as a file has them: whole panels, but for the last ones.
  // Throws EngineError where there are no such rows.
  void fill(int32_t adapter, int32_t matrix, std::span<const std::byte> rows);

  bool empty() const { return adapters_.empty(); }
  int32_t size() const { return static_cast<int32_t>(adapters_.size()); }
  // Whether the index is of an adapter whose rows are all there.
  bool is_ready(int64_t adapter) const;
  // Whether any adapter changes the output matrix.
  bool change_output() const { return change_output_; }
  int64_t most_rank() const { return most_rank_; }
  // What the matrices take.
  int64_t byte_size() const;

  // The change of an adaptable weight; the layer is 0 for the output matrix.
  const WeightChange& change(int32_t adapter, int32_t weight, int32_t layer) const {
    return adapters_[adapter].changes[layer * kAdaptableWeights + weight];
  }

 private:
  struct Matrix {
    PackedMatrix packed;
    AlignedArray<std::byte> panels;
    int64_t filled_rows;
  };
  struct Adapter {
    std::vector<Matrix> matrices;
    std::vector<WeightChange> changes;  // [layers, kAdaptableWeights]
  };

  const HyperParameters& parameters_;
  std::vector<Adapter> adapters_;
  int64_t most_rank_ = 0;
  bool change_output_ = false;
};

}  // namespace sparkllama
