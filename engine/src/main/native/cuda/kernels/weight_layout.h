// Puts weights into the layout that a device's kernels read, when they have been copied there.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cuda/placed_layout.h"
#include "cuda/platform.h"

namespace sparkllama::cuda {

// Panels of a matrix as they are packed, on the device, on a border of 4 bytes.
struct PackedPanels {
  cudaStream_t stream;
  const std::byte* data;  // [count][panel_bytes]
  int64_t first;          // of the matrix
  int64_t count;
};

// `placed` has memory of placed_bytes, on a border of 64; its other panels are left as they are.
void launch_place_panels(const PackedPanels& panels, const PackedMatrix& placed);

}  // namespace sparkllama::cuda
