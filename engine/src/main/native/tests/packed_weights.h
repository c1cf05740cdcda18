// Packs rows of a GGUF file for native tests, and owns the panels.
#pragma once

#include "base/aligned_array.h"
#include "cpu/weight_packing.h"

namespace sparkllama::testing {

class PackedWeights {
 public:
  // `data` holds `rows` rows of `columns`, at any address.
  PackedWeights(TensorType type, const std::byte* data, int64_t rows, int64_t columns)
      : panels_(panel_count(rows) * panel_bytes(type, columns)),
        matrix_{type, panels_.data(), rows, columns} {
    pack_rows(type, data, rows, columns, panels_.data());
  }

  const PackedMatrix& matrix() const { return matrix_; }

 private:
  AlignedArray<std::byte> panels_;
  PackedMatrix matrix_;
};

}  // namespace sparkllama::testing
