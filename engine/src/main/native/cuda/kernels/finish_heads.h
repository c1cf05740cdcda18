// Makes queries, keys and values ready for attention, and puts keys and values into the KV cache.
#pragma once

#include <cstdint>

#include "cuda/device_step.h"
#include "ops/backend.h"

namespace sparkllama::cuda {

// heads.rotations is what launch_rotations() left for this step, with this stride of tokens.
// Queries are finished in place; keys and values are left as they were but for the cache.
void launch_finish_heads(const RowLaunch& on, const DeviceStep& step, const HeadFinish& heads,
                         int32_t head_count, int64_t rotation_stride);

// Copies a block in a layer's pool.
void launch_copy_block(cudaStream_t stream, const KvLayer& kv, int32_t source, int32_t target);

}  // namespace sparkllama::cuda
