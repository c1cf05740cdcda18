// Ranks the chunks of a row of logits, so that what needs only the best tokens need not look at all
// of them. Device code.
#pragma once

#include <cstdint>

#include "cuda/kernels/row_block.h"

namespace sparkllama::cuda {

// Two tokens of each lane.
constexpr int32_t kRankChunk = 2 * kWarpSize;

constexpr int32_t rank_chunks(int32_t vocabulary_size) {
  return (vocabulary_size + kRankChunk - 1) / kRankChunk;
}

// Returns the highest rank among a chunk's tokens of those below `limit`, to all lanes of a warp.
__device__ inline uint64_t highest_of_chunk(const float* logits, int32_t vocabulary_size,
                                            int32_t chunk, uint64_t limit) {
  uint64_t highest = kNoRank;
  for (int half = 0; half < 2; ++half) {
    const int32_t i = chunk * kRankChunk + half * kWarpSize + row_lane();
    const uint64_t rank = i < vocabulary_size ? rank_of(logits[i], i) : kNoRank;
    if (rank < limit) highest = higher(highest, rank);
  }
  return highest_of_warp(highest);
}

// Writes the highest rank of each chunk, for a row that is numbers.
__device__ inline void rank_row(const float* logits, int32_t vocabulary_size,
                                uint64_t* chunks) {  // [rank_chunks(vocabulary_size)]
  const int32_t num_chunks = rank_chunks(vocabulary_size);
  for (int32_t chunk = row_warp(); chunk < num_chunks; chunk += kRowWarps) {
    const uint64_t highest = highest_of_chunk(logits, vocabulary_size, chunk, kNotANumberRank);
    if (row_lane() == 0) chunks[chunk] = highest;
  }
  sync_block();
}

}  // namespace sparkllama::cuda
