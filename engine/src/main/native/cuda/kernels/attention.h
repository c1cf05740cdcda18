// Launches the attention of a step's tokens over the paged KV cache.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cuda/device_step.h"
#include "cuda/platform.h"
#include "ops/backend.h"

namespace sparkllama::cuda {

// The most of a step's size class, each at least 1.
struct AttentionShape {
  int32_t max_sequences;
  int32_t max_tokens;
  int32_t max_context;  // positions of a sequence
  int32_t longest;      // tokens of a sequence
};

// What sm_80 gives a block. sm_90 gives more; sm_86, sm_89 and sm_120 give 99 KiB.
constexpr int64_t kSm80SharedBytes = 163 * 1024;

struct AttentionLaunch {
  cudaStream_t stream;
  int32_t multiprocessors;
  AttentionShape shape;
  std::byte* scratch;  // [attention_scratch_bytes(...)] for a shape that is as large, on a border
                       // of 256 bytes
  int64_t shared_bytes = kSm80SharedBytes;  // of shared memory that the device gives a block
};

// Whether the kernels take heads of this many elements, a multiple of 8 and at most
// kMostHeadDimension, where blocks have so much shared memory.
constexpr int32_t kMostHeadDimension = 256;
bool is_attention_head(int32_t head_dimension, KvType type, int64_t shared_bytes);

int64_t attention_scratch_bytes(const AttentionShape& most, int32_t multiprocessors,
                                int32_t head_count, int32_t head_dimension);

// Attends for all tokens of the step. head_count is of queries, a multiple of kv_heads.
void launch_attention(const AttentionLaunch& launch, const DeviceStep& step,
                      const AttentionRows& rows, int32_t head_count);

}  // namespace sparkllama::cuda
