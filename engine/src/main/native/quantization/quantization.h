// Turns a tensor's elements from one stored type into another.
//
// The bytes depend on the elements and the type alone: elements are encoded block by block, each
// operation in float32 and rounded by itself, the same for every instruction set.
#pragma once

#include <cstddef>
#include <cstdint>

#include "ops/kernel_table.h"

namespace sparkllama {

// What was lost. Sums are float64, over elements i in 16 lanes of i mod 16, the lanes then added in
// order, 4,096 elements at a time.
struct QuantizationLoss {
  double squares;         // of the source's elements; not finite where one of them is not
  double squared_errors;  // of stored minus source; not finite where the type cannot hold them
};

// Whether there is an encoder for the type.
bool is_quantization_target(TensorType type);

// Encodes `count` elements, whole blocks of both types; neither buffer needs alignment. Stops at
// elements that are not finite, or that the type cannot hold, with what stands in `out` then
// without meaning. Any number of threads may encode at once.
QuantizationLoss quantize_elements(const KernelTable& kernels, TensorType source_type,
                                   const std::byte* source, TensorType target_type, std::byte* out,
                                   int64_t count);

}  // namespace sparkllama
