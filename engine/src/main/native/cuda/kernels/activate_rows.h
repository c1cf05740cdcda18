// Activates rows of the feed-forward network, and caps logits.
#pragma once

#include <cstdint>

#include "cuda/device_step.h"
#include "cuda/quantized_rows.h"
#include "ops/backend.h"

namespace sparkllama::cuda {

struct ActivationRows {
  Activation activation;
  float* gate;      // [num_rows, columns]
  const float* up;  // likewise; not read by kGelu
  int64_t columns;
};

// gate = activation of gate (and up), then quantized.
void launch_activation(const RowLaunch& on, const ActivationRows& rows, FormatSet formats,
                       const QuantizedRows& out);

// values[i] = cap * tanh(values[i] / cap)
void launch_soft_cap(cudaStream_t stream, float* values, float cap, int64_t count);

}  // namespace sparkllama::cuda
