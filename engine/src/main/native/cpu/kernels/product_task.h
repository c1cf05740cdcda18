// Names what a matrix product is asked for, as it passes between an instruction set's files.
#pragma once

#include "ops/kernel_table.h"

namespace sparkllama {

// A range of outputs of one product, as KernelTable::matrix_product describes it.
struct ProductTask {
  const PackedMatrix& weights;
  int64_t row_begin;
  int64_t row_end;
  const Activations& activations;
  std::byte* scratch;  // [kProductScratchBytes]
  float* y;
  int64_t y_stride;
};

// Whether unfolding the weights first pays: their codes are in two parts, and many rows meet them.
static inline bool unfolds(const ProductTask& task) {
  constexpr int64_t kTiles = 8;
  return (task.weights.type == TensorType::kQ3_K || task.weights.type == TensorType::kQ6_K) &&
         task.activations.tiles.count() >= kTiles;
}

}  // namespace sparkllama
