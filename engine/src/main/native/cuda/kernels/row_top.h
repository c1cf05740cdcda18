// Finds the best tokens of a row of logits as find_top does, with all threads of a block. Device
// code.
#pragma once

#include <cstdint>
#include <limits>

#include "cuda/kernels/row_chunks.h"

namespace sparkllama::cuda {

// For a row that is numbers. A pass over the row, then for each token one over the chunks.
__device__ inline void find_top(const float* logits, int32_t vocabulary_size, int32_t count,
                                int32_t* ids, float* top_logits) {
  auto* chunks = row_work<uint64_t>();  // [rank_chunks]: the highest rank left in each
  const int32_t num_chunks = rank_chunks(vocabulary_size);
  rank_row(logits, vocabulary_size, chunks);
  int32_t found = 0;
  for (; found < count; ++found) {
    uint64_t highest = kNoRank;
    for (int32_t chunk = row_thread(); chunk < num_chunks; chunk += kRowThreads) {
      highest = higher(highest, chunks[chunk]);
    }
    highest = highest_of_row(highest);
    if (highest == kNoRank) break;
    const int32_t id = index_of(highest);
    if (row_warp() == 0) {
      const uint64_t rest = highest_of_chunk(logits, vocabulary_size, id / kRankChunk, highest);
      if (row_lane() == 0) {
        chunks[id / kRankChunk] = rest;
        ids[found] = id;
        top_logits[found] = logits[id];
      }
    }
    sync_block();
  }
  for (int32_t i = found + row_thread(); i < count; i += kRowThreads) {
    ids[i] = -1;
    top_logits[i] = std::numeric_limits<float>::quiet_NaN();
  }
}

}  // namespace sparkllama::cuda
