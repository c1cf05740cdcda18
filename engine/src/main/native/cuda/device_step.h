// Says where a step's numbers lie on the device, and how kernels over rows are launched.
//
// Launches may be recorded once and replayed for other steps of the same size class: nothing that
// changes from step to step is a kernel's argument. Kernels are launched for the most rows of the
// class and read how many there are.
#pragma once

#include <cstdint>

#include "cuda/platform.h"

namespace sparkllama::cuda {

// All on the device; the shapes are those of StepInput.
struct DeviceStep {
  const int32_t* num_tokens;     // [1]
  const int32_t* num_sequences;  // [1]
  const int32_t* token_ids;
  const int32_t* positions;
  const int32_t* kv_slots;  // [kv_groups, kv_slot_stride]
  int64_t kv_slot_stride;
  const int32_t* first_tokens;
  const int32_t* token_counts;
  const int32_t* context_lengths;
  const int32_t* block_tables;  // [kv_groups, table_sequences, blocks_per_sequence]
  int64_t table_sequences;
  int64_t blocks_per_sequence;
};

struct RowLaunch {
  cudaStream_t stream;
  const int32_t* num_rows;  // [1], on the device: rows that there are
  int32_t max_rows;         // at least as many, at least 1
  int32_t multiprocessors;
};

}  // namespace sparkllama::cuda
