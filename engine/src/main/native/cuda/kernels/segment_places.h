// Says what a block that reads a segment has in shared memory, in which pieces keys and values come
// there, and what it leaves for the merge of segments.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cuda/kernels/attention_work.h"
#include "cuda/kernels/kv_elements.h"

namespace sparkllama::cuda::segments {

constexpr int32_t kScoreStride = kAttentionSegment + 16;  // rows do not fall on the same banks
constexpr int32_t kTileBlocks = 4;  // blocks of keys that a warp reads at once
constexpr int32_t kKeyStages = 4;
constexpr int32_t kValueStages = 4;
constexpr int32_t kSegmentBlocks = kAttentionSegment / kKvBlockPositions;

// What rows have in one segment, until they are merged: a softmax and an accumulator each. Where a
// row lies does not depend on how many sequences there may be.
struct SegmentScratch {
  float* rows;  // [sequences, max_segments, head_count, kSoftmaxFloats + head_dim]
  int32_t max_segments;
  int32_t head_count;
  int32_t head_dim;

  static constexpr int32_t kSoftmaxFloats = 4;  // two are not used: accumulators lie on a border

  __device__ float* row(int32_t sequence, int32_t segment, int32_t head) const {
    const int64_t index = (int64_t{sequence} * max_segments + segment) * head_count + head;
    return rows + index * (kSoftmaxFloats + head_dim);
  }
};

struct SegmentArguments {
  AttentionWork work;
  SegmentScratch scratch;
  AttentionReader reader;  // whose sequences this launch takes
};

// How a type's keys and values come into shared memory.
template <KvType kType>
struct SegmentStaging {
  using Elements = KvElements<kType>;
  static constexpr int32_t kBytes = Elements::kBytes;
  // Keys: rows of one element of 16 positions, a few at a time. Blocks stand apart by one row more,
  // so that they do not fall on the same banks.
  static constexpr int32_t kKeyRowBytes = kKvBlockPositions * kBytes;
  static constexpr int32_t kKeyRows = kType == KvType::kFloat32 ? 8 : 16;
  static constexpr int32_t kKeyBlockBytes = (kKeyRows + 1) * kKeyRowBytes;
  static constexpr int32_t kKeyStageBytes = kTileBlocks * kKeyBlockBytes;
  // Values: the elements of one or two whole blocks.
  static constexpr int32_t kValueBlocks = kType == KvType::kFloat32 ? 1 : 2;

  static constexpr int64_t value_block_bytes(int32_t head_dim) {
    return int64_t{kKvBlockPositions} * head_dim * kBytes;
  }
  static constexpr int64_t bytes(int32_t head_dim, int32_t warps) {
    const int64_t keys = int64_t{warps} * kKeyStages * kKeyStageBytes;
    const int64_t values = kValueStages * kValueBlocks * value_block_bytes(head_dim);
    return keys > values ? keys : values;
  }
};

// Shared memory of a block: [head_dim, kRows] queries, [kRows, kScoreStride] scores and then
// weights, [kRows] softmaxes and ranges of positions, [kSegmentBlocks] parts of keys, and stages.
template <int kRows>
struct SegmentPlaces {
  float* queries;
  float* scores;
  RowSoftmax* softmax;
  PositionRange* ranges;
  const std::byte** keys;
  std::byte* stages;

  __device__ explicit SegmentPlaces(int32_t head_dim) {
    auto* at = reinterpret_cast<float*>(dynamic_shared());
    queries = at;
    scores = queries + int64_t{head_dim} * kRows;
    softmax = reinterpret_cast<RowSoftmax*>(scores + kRows * kScoreStride);
    ranges = reinterpret_cast<PositionRange*>(softmax + kRows);
    keys = reinterpret_cast<const std::byte**>(ranges + kRows);
    stages = reinterpret_cast<std::byte*>(keys + kSegmentBlocks);
  }
  static constexpr int64_t bytes(int32_t head_dim) {
    return (int64_t{head_dim} * kRows + kRows * kScoreStride + 4 * kRows + 2 * kSegmentBlocks) * 4;
  }
};

}  // namespace sparkllama::cuda::segments
