// Attends with few rows for each sequence, where reading keys and values is what takes time: a
// block reads one segment of one head, with all query heads that share it.
#pragma once

#include "cuda/kernels/attention.h"
#include "cuda/kernels/attention_work.h"

namespace sparkllama::cuda {

// Bytes of scratch for sequences of one token and up to max_context positions.
int64_t segment_scratch_bytes(const AttentionShape& most, int32_t head_count, int32_t head_dim);

// Attends for the sequences of kOneToken and kFewRows.
void attend_segments(const AttentionLaunch& launch, const AttentionWork& work, std::byte* scratch);

}  // namespace sparkllama::cuda
