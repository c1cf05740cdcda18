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
  int64_t num_rows;
  float* y;
  int64_t y_stride;
};

}  // namespace sparkllama
