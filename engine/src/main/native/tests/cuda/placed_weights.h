// Places packed weights for tests of a device's kernels, in pieces as an upload does, and owns
// them.
#pragma once

#include <algorithm>

#include "base/aligned_array.h"
#include "cuda/kernels/weight_layout.h"

namespace sparkllama::testing {

class PlacedWeights {
 public:
  PlacedWeights(const PackedMatrix& packed, cudaStream_t stream)
      : data_(std::max<int64_t>(cuda::placed_bytes(packed.type, packed.rows, packed.columns), 64)),
        matrix_{packed.type, data_.data(), packed.rows, packed.columns} {
    constexpr int64_t kPiece = 3;  // panels
    const int64_t bytes = panel_bytes(packed.type, packed.columns);
    for (int64_t first = 0; first < panel_count(packed.rows); first += kPiece) {
      const int64_t count = std::min(kPiece, panel_count(packed.rows) - first);
      cuda::launch_place_panels({stream, packed.data + first * bytes, first, count}, matrix_);
    }
    cudaStreamSynchronize(stream);
  }

  const PackedMatrix& matrix() const { return matrix_; }

 private:
  AlignedArray<std::byte> data_;
  PackedMatrix matrix_;
};

}  // namespace sparkllama::testing
