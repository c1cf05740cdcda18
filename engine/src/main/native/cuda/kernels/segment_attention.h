// Attends with few rows for each sequence, where reading keys and values is what takes time: a
// block reads one segment of one head, with all query heads that share it.
#pragma once

#include "cuda/kernels/attention.h"
#include "cuda/kernels/attention_work.h"

namespace sparkllama::cuda {

// Bytes of scratch for sequences of one token and up to max_context positions.
int64_t segment_scratch_bytes(const AttentionShape& most, int32_t head_count, int32_t head_dim);

// Rows that a block can take at once with so much shared memory; 0 for none.
int32_t most_segment_rows(int32_t head_dim, KvType type, int64_t shared_bytes);

// Attends for the sequences of kOneToken and kFewRows.
void attend_segments(const AttentionLaunch& launch, const AttentionWork& work, std::byte* scratch);

}  // namespace sparkllama::cuda
