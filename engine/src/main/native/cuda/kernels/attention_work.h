// Divides a step's attention among kernels and their blocks, and holds the arithmetic that they
// share.
//
// A row is one query head of one token. Its result is the same whichever kernel computes it.
#pragma once

#include <bit>
#include <cstdint>

#include "base/portable_math.h"
#include "cuda/device_step.h"
#include "cuda/intrinsics.h"
#include "ops/backend.h"

namespace sparkllama::cuda {

// What all kernels of attention are told.
struct AttentionWork {
  DeviceStep step;
  KvLayer kv;
  const int32_t* block_tables;  // [table_sequences, blocks_per_sequence], of the layer's KV group
  int32_t window;               // as AttentionTask has it
  int32_t head_count;
  int32_t group_size;
  int32_t few_rows;      // that a block can take at once where it reads a segment
  const float* queries;  // [num_tokens, head_count * head_dim]
  float* output;         // likewise
  float scale;
  float soft_cap;
};

// Which kernel takes a sequence.
enum class AttentionReader : int32_t {
  kOneToken,  // its segments are read by blocks of their own, and merged
  kFewRows,   // several tokens of at most few_rows rows, within one segment
  kManyRows,  // all others
};

struct PositionRange {
  int32_t begin;
  int32_t end;
};

__device__ inline PositionRange overlap(PositionRange a, PositionRange b) {
  return {a.begin > b.begin ? a.begin : b.begin, a.end < b.end ? a.end : b.end};
}

// A position counted from its segment's first.
__device__ inline int32_t in_segment(int32_t position) {
  static_assert((kAttentionSegment & (kAttentionSegment - 1)) == 0);
  return position & (kAttentionSegment - 1);
}

// One sequence of a step.
struct SequenceWork {
  int32_t first_token;
  int32_t tokens;
  int32_t context;  // positions up to its last token's

  __device__ SequenceWork(const DeviceStep& step, int32_t sequence)
      : first_token(step.first_tokens[sequence]),
        tokens(step.token_counts[sequence]),
        context(step.context_lengths[sequence]) {}

  // What its token of this index attends to.
  __device__ PositionRange positions(int32_t token, int32_t window) const {
    const int32_t end = context - tokens + token + 1;
    return {window == 0 || end < window ? 0 : end - window, end};
  }

  __device__ AttentionReader reader(const AttentionWork& work) const {
    if (tokens == 1) return AttentionReader::kOneToken;
    const int32_t begin = positions(0, work.window).begin;
    const bool in_one_segment = begin / kAttentionSegment == (context - 1) / kAttentionSegment;
    return in_one_segment && tokens * work.group_size <= work.few_rows ? AttentionReader::kFewRows
                                                                       : AttentionReader::kManyRows;
  }
};

// A piece of work of a sequence; sequence -1 where there are no more.
struct AttentionItem {
  int32_t sequence;
  int32_t index;  // of the sequence's items
};

// Finds item `number` of those that sequences have, one sequence after the other; count(s) is how
// many. All lanes of a warp come here and get the same.
template <typename Count>
__device__ AttentionItem find_item(int32_t sequences, int32_t number, Count count) {
  const int32_t lane = static_cast<int32_t>(threadIdx.x) % kWarpSize;
  const int32_t share = (sequences + kWarpSize - 1) / kWarpSize;
  const int32_t first = lane * share;
  int32_t mine = 0;
  for (int32_t s = first; s < first + share && s < sequences; ++s) mine += count(s);
  int32_t end = mine;  // of this lane's items, and below of those of the lanes before too
  for (int32_t step = 1; step < kWarpSize; step *= 2) {
    const int32_t before = shuffle(end, lane < step ? 0 : lane - step);
    if (lane >= step) end += before;
  }
  const uint32_t later = lanes_where(number < end);
  if (later == 0) return {-1, 0};
  const int32_t owner = kWarpSize - std::popcount(later);  // ends do not fall from lane to lane
  AttentionItem item = {0, 0};
  if (lane == owner) {
    item = {first, number - (end - mine)};
    for (int32_t n = count(item.sequence); item.index >= n; n = count(item.sequence)) {
      item.index -= n;
      ++item.sequence;
    }
  }
  return {shuffle(item.sequence, owner), shuffle(item.index, owner)};
}

// What the chain over a query and a key becomes, but for a soft cap.
template <KvType kType>
__device__ float scaled_dot(float dot, float key_scale, const AttentionWork& work) {
  if constexpr (kType == KvType::kInt8) dot = dot * key_scale;
  return dot * work.scale;
}

__device__ inline float capped(float score, float soft_cap) {
  return soft_cap * portable::hyperbolic_tangent(score / soft_cap);
}

// The softmax of a row over a segment, or over several.
struct RowSoftmax {
  float maximum;
  float sum;
};

// What both sides of a merge are multiplied by, and what comes out.
struct SoftmaxMerge {
  float running_factor;
  float segment_factor;
  RowSoftmax merged;

  __device__ SoftmaxMerge(RowSoftmax running, RowSoftmax segment) {
    const float maximum = segment.maximum > running.maximum ? segment.maximum : running.maximum;
    running_factor = portable::exponential(running.maximum - maximum);
    segment_factor = portable::exponential(segment.maximum - maximum);
    merged = {maximum, fused(running.sum, running_factor, segment.sum * segment_factor)};
  }
  __device__ float accumulator(float running, float segment) const {
    return fused(running, running_factor, segment * segment_factor);
  }
};

}  // namespace sparkllama::cuda
