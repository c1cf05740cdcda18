// Attends with many rows for a sequence, where arithmetic is what takes time: a block takes a tile
// of rows that share a KV head, and walks their positions as two matrix products do.
#pragma once

#include "cuda/kernels/attention.h"
#include "cuda/kernels/attention_work.h"

namespace sparkllama::cuda {

// Bytes of scratch, which hold a segment's scores for each block in flight.
int64_t tile_scratch_bytes(const AttentionShape& most, int32_t multiprocessors, int32_t head_count);

// Bytes of shared memory that a block needs.
int64_t tile_shared_bytes(int32_t head_dim, KvType type);

// Attends for the sequences of kManyRows.
void attend_tiles(const AttentionLaunch& launch, const AttentionWork& work, std::byte* scratch);

}  // namespace sparkllama::cuda
