// Collects the best tokens of a row of logits, with all threads of a block. Device code.
#pragma once

#include <cstdint>
#include <limits>

#include "cuda/kernels/row_chunks.h"
#include "ops/row_sampling.h"

namespace sparkllama::cuda {

// A rank without its index: higher for a higher logit.
__device__ inline uint32_t order_of(uint64_t rank) { return static_cast<uint32_t>(rank >> 32); }

// Returns the order that `count` of the chunks reach, and no higher one does; there are as many.
__device__ inline uint32_t order_of_best(const uint64_t* chunks, int32_t num_chunks,
                                         int32_t count) {
  uint32_t order = 0;
  for (uint32_t bit = 0x80000000u; bit != 0; bit >>= 1) {
    int32_t reach = 0;
    for (int32_t chunk = row_thread(); chunk < num_chunks; chunk += kRowThreads) {
      reach += order_of(chunks[chunk]) >= (order | bit) ? 1 : 0;
    }
    if (sum_of_row(reach) >= count) order |= bit;
  }
  return order;
}

struct CollectedTokens {
  int32_t count;
  int32_t all;
};

// Writes the tokens of at least some order, by warps and the chunks of each, where there is room.
// Returns how many there are.
__device__ inline int32_t write_tokens(const float* logits, int32_t vocabulary_size,
                                       const uint64_t* chunks, uint32_t least, int32_t room,
                                       KeptToken* tokens) {
  uint64_t* of_warps = row_scratch().of_warps;
  const int32_t num_chunks = rank_chunks(vocabulary_size);
  int32_t place = 0;  // of the warp's next token; counted first
  for (int turn = 0; turn < 2; ++turn) {
    for (int32_t chunk = row_warp(); chunk < num_chunks; chunk += kRowWarps) {
      if (order_of(chunks[chunk]) < least) continue;
      for (int half = 0; half < 2; ++half) {
        const int32_t i = chunk * kRankChunk + half * kWarpSize + row_lane();
        const float logit =
            i < vocabulary_size ? logits[i] : -std::numeric_limits<float>::infinity();
        const bool taken = i < vocabulary_size && order_of(rank_of(logit, i)) >= least;
        const uint32_t lanes = lanes_where(taken);
        const int32_t before = set_bits(lanes & ((1u << row_lane()) - 1));
        if (turn == 1 && taken) tokens[place + before] = {logit, i};
        place += set_bits(lanes);
      }
    }
    if (turn == 1) break;
    if (row_lane() == 0) of_warps[row_warp()] = static_cast<uint64_t>(place);
    sync_block();
    int32_t total = 0;
    for (int warp = 0; warp < kRowWarps; ++warp) {
      if (warp == row_warp()) place = total;
      total += static_cast<int32_t>(of_warps[warp]);
    }
    sync_block();  // before they are written again
    if (total > room) return total;
    if (row_thread() == 0) row_scratch().index = total;
  }
  sync_block();
  return row_scratch().index;
}

// For a row that is numbers. The count is above the room where there are too many, as where many
// are equal: nothing is written then.
__device__ inline CollectedTokens collect_best(const float* logits, int32_t vocabulary_size,
                                               int32_t count, int32_t room, KeptToken* tokens) {
  auto* chunks = row_work<uint64_t>();  // [rank_chunks]
  const int32_t num_chunks = rank_chunks(vocabulary_size);
  rank_row(logits, vocabulary_size, chunks);
  const uint32_t impossible = order_of(rank_of(-std::numeric_limits<float>::infinity(), 0));
  uint32_t least = impossible;
  // Where there is room for all, all are taken.
  if (count <= num_chunks && vocabulary_size > room)
    least = order_of_best(chunks, num_chunks, count);
  const bool all = least <= impossible;
  if (all) least = impossible + 1;
  return {write_tokens(logits, vocabulary_size, chunks, least, room, tokens), all ? 1 : 0};
}

}  // namespace sparkllama::cuda
