// Says what a tile of rows has in shared memory, and in which pieces keys and values come there.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cuda/kernels/attention_work.h"
#include "cuda/kernels/kv_elements.h"

namespace sparkllama::cuda::tiles {

constexpr int32_t kThreads = 128;
constexpr int32_t kTileRows = 64;
constexpr int32_t kEach = 8;        // rows, positions or elements that a thread has at once
constexpr int32_t kTileBlocks = 8;  // of keys
constexpr int32_t kStages = 3;
constexpr int32_t kUnrolled = 2;  // steps of a chain, of which heads have multiples of 8
constexpr int32_t kBlocksPerMultiprocessor = 3;
constexpr int32_t kSegmentBlocks = kAttentionSegment / kKvBlockPositions;
constexpr int64_t kScoreFloats = int64_t{kAttentionSegment} * kTileRows;  // of a block

struct TileArguments {
  AttentionWork work;
  float* scores;  // [gridDim.x, kAttentionSegment, kTileRows]
};

template <KvType kType>
struct TileStaging {
  static constexpr int32_t kBytes = KvElements<kType>::kBytes;
  static constexpr int32_t kKeyRowBytes = kKvBlockPositions * kBytes;
  static constexpr int32_t kKeyRows = kType == KvType::kFloat32 ? 8 : 16;  // at a time
  // One row more, so that blocks do not fall on the same banks.
  static constexpr int32_t kKeyBlockBytes = (kKeyRows + 1) * kKeyRowBytes;
  static constexpr int32_t kKeyStageBytes = kTileBlocks * kKeyBlockBytes;

  static constexpr int32_t value_stage_bytes(int32_t head_dim) {
    return kKvBlockPositions * head_dim * kBytes;
  }
  static constexpr int32_t stage_bytes(int32_t head_dim) {
    const int32_t values = value_stage_bytes(head_dim);
    return kKeyStageBytes > values ? kKeyStageBytes : values;
  }
};

// Shared memory of a block: what has one size first, so that its addresses are known.
struct TilePlaces {
  float weights[2][kKvBlockPositions][kTileRows];
  float maxima[2][kTileRows];  // of halves of the positions
  PositionRange ranges[kTileRows];
  RowSoftmax running[kTileRows];
  float segment_maxima[kTileRows];
  float running_factors[kTileRows];  // of the merge with a segment
  float segment_factors[kTileRows];
  const std::byte* keys[kSegmentBlocks];  // parts of the segment's blocks
  // [head_dim, kTileRows] queries follow, and stages after them.

  __device__ float* queries() { return reinterpret_cast<float*>(this + 1); }
  __device__ std::byte* stages(int32_t head_dim) {
    return reinterpret_cast<std::byte*>(queries() + head_dim * kTileRows);
  }
};
static_assert(sizeof(TilePlaces) % 128 == 0);

__device__ inline int32_t tile_count(const SequenceWork& sequence, int32_t group_size) {
  return (sequence.tokens * group_size + kTileRows - 1) / kTileRows;
}

__device__ inline TilePlaces& places() { return *reinterpret_cast<TilePlaces*>(dynamic_shared()); }

__device__ inline void load_eight(const float* from, float (&out)[kEach]) {
  const auto* quads = reinterpret_cast<const FloatQuad*>(from);
  const FloatQuad low = quads[0];
  const FloatQuad high = quads[1];
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    out[i] = low.at[i];
    out[4 + i] = high.at[i];
  }
}

__device__ inline void store_eight(float* to, const float (&values)[kEach]) {
  auto* quads = reinterpret_cast<FloatQuad*>(to);
  quads[0] = {values[0], values[1], values[2], values[3]};
  quads[1] = {values[4], values[5], values[6], values[7]};
}

}  // namespace sparkllama::cuda::tiles
