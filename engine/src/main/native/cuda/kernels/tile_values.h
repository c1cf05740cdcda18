// The product of a tile's weights with values, segment by segment: the second half of TileReader.
#pragma once

#include "cuda/kernels/tile_reader.h"

namespace sparkllama::cuda::tiles {

template <KvType kType, int kRows>
__device__ void TileReader<kType, kRows>::stage_values(int32_t block) const {
  if (block < end_block_) {
    const int32_t bytes = Stage::value_stage_bytes(head_dim_);
    std::byte* stage = stages() + (block - first_block_) % kStages * bytes;
    const std::byte* values = part(block, KvSide::kValues) + Elements::kHeaderBytes;
    for (int32_t at = thread_ * 16; at < bytes; at += kThreads * 16) {
      copy_async(stage + at, values + at);
    }
  }
  commit_copies();
}

// The scores of the thread's position in a block, for eight rows.
template <KvType kType, int kRows>
__device__ void TileReader<kType, kRows>::load_scores(int32_t block, float (&scores)[kEach],
                                                      float& value_scale) const {
  if (block >= end_block_) return;
  const int32_t position = block * kKvBlockPositions + lane_;
  load_eight(scores_ + in_segment(position) * kTileRows + lane_rows_, scores);
  value_scale = kv_scale<kType>(part(block, KvSide::kValues), lane_);
}

// Makes weights of them, and adds them to the thread's lane of each row's sum.
template <KvType kType, int kRows>
__device__ void TileReader<kType, kRows>::weigh(int32_t block, const float (&scores)[kEach],
                                                float value_scale, float (&sums)[kEach]) const {
  if (block >= end_block_) return;
  const int32_t begin = block * kKvBlockPositions;
  const int32_t position = begin + lane_;
  const bool all = all_see(begin, begin + kKvBlockPositions);
  float maxima[kEach];
  load_eight(places().segment_maxima + lane_rows_, maxima);
  float weights[kEach];
#pragma unroll
  for (int r = 0; r < kEach; ++r) {
    const float weight = portable::exponential(scores[r] - maxima[r]);
    bool sees = all;
    if (!all) {
      const PositionRange range = places().ranges[lane_rows_ + r];
      sees = position >= range.begin && position < range.end;
    }
    if (sees) sums[r] += weight;
    weights[r] = kType == KvType::kInt8 ? weight * value_scale : weight;
  }
  store_eight(&places().weights[block & 1][lane_][lane_rows_], weights);
}

// The chains over a block's positions.
template <KvType kType, int kRows>
__device__ void TileReader<kType, kRows>::add_values(int32_t block, int32_t first_column,
                                                     float (&sums)[kRows][kEach]) const {
  const int32_t group = kRows == kEach ? row_group_ : thread_ / kColumnGroups;
  const int32_t column =
      first_column + (kRows == kEach ? position_group_ : thread_ % kColumnGroups) * kEach;
  if (column >= head_dim_) return;
  const std::byte* values = stages() +
                            (block - first_block_) % kStages * Stage::value_stage_bytes(head_dim_) +
                            column * Stage::kBytes;
  const int32_t row_bytes = head_dim_ * Stage::kBytes;
  const float* weights = &places().weights[block & 1][0][group * kRows];
  const int32_t begin = block * kKvBlockPositions;
  const bool all = all_see(begin, begin + kKvBlockPositions);
  if (all) {
#pragma unroll 2
    for (int32_t p = 0; p < kKvBlockPositions; ++p) {
      float value[kEach];
      Elements::eight(values + p * row_bytes, value);
      float weight[kRows];
#pragma unroll
      for (int r = 0; r < kRows; r += 4) {
        const FloatQuad quad = *reinterpret_cast<const FloatQuad*>(weights + p * kTileRows + r);
#pragma unroll
        for (int k = 0; k < 4; ++k) weight[r + k] = quad.at[k];
      }
#pragma unroll
      for (int r = 0; r < kRows; ++r) {
#pragma unroll
        for (int d = 0; d < kEach; ++d) sums[r][d] = fused(weight[r], value[d], sums[r][d]);
      }
    }
    return;
  }
  for (int32_t p = 0; p < kKvBlockPositions; ++p) {
    float value[kEach];
    Elements::eight(values + p * row_bytes, value);
#pragma unroll
    for (int r = 0; r < kRows; ++r) {
      const PositionRange range = places().ranges[group * kRows + r];
      if (begin + p < range.begin || begin + p >= range.end) continue;
      const float weight = weights[p * kTileRows + r];
#pragma unroll
      for (int d = 0; d < kEach; ++d) sums[r][d] = fused(weight, value[d], sums[r][d]);
    }
  }
}

// Adds up the lanes of the rows' sums and merges the segment's softmax into the running one.
template <KvType kType, int kRows>
__device__ void TileReader<kType, kRows>::merge_softmax(const float (&lane_sums)[kEach]) const {
  sync_block();  // nobody reads weights any more
  store_eight(&places().weights[0][lane_][lane_rows_], lane_sums);
  sync_block();
  if (thread_ < kTileRows) {
    float lanes[16];
#pragma unroll
    for (int lane = 0; lane < 16; ++lane) lanes[lane] = places().weights[0][lane][thread_];
    for (int lane = 0; lane < 8; ++lane) lanes[lane] += lanes[lane + 8];
    for (int lane = 0; lane < 4; ++lane) lanes[lane] += lanes[lane + 4];
    for (int lane = 0; lane < 2; ++lane) lanes[lane] += lanes[lane + 2];
    lanes[0] += lanes[1];
    const PositionRange range = places().ranges[thread_];
    const RowSoftmax segment = {places().segment_maxima[thread_], lanes[0]};
    if (range.begin >= segment_ * kAttentionSegment) {
      places().running[thread_] = segment;
    } else if (range.end > segment_ * kAttentionSegment) {
      const SoftmaxMerge merge(places().running[thread_], segment);
      places().running[thread_] = merge.merged;
      places().running_factors[thread_] = merge.running_factor;
      places().segment_factors[thread_] = merge.segment_factor;
    }
  }
  sync_block();
}

// Stores what the segment gives, merged with what stands in the output from those before; the last
// one divides by the sum.
template <KvType kType, int kRows>
__device__ void TileReader<kType, kRows>::merge_rows(int32_t first_column,
                                                     const float (&sums)[kRows][kEach]) const {
  const int32_t group = kRows == kEach ? row_group_ : thread_ / kColumnGroups;
  const int32_t column =
      first_column + (kRows == kEach ? position_group_ : thread_ % kColumnGroups) * kEach;
  if (column >= head_dim_) return;
  const int32_t segment_begin = segment_ * kAttentionSegment;
#pragma unroll
  for (int r = 0; r < kRows; ++r) {
    const int32_t row = group * kRows + r;
    const PositionRange range = places().ranges[row];
    const PositionRange seen = overlap(range, {segment_begin, segment_begin + kAttentionSegment});
    if (seen.begin >= seen.end) continue;
    float* out = work_.output + row_at(row) * head_dim_ + column;
    float result[kEach];
    if (range.begin >= segment_begin) {
#pragma unroll
      for (int d = 0; d < kEach; ++d) result[d] = sums[r][d];
    } else {
      const float running_factor = places().running_factors[row];
      const float segment_factor = places().segment_factors[row];
      load_eight(out, result);
#pragma unroll
      for (int d = 0; d < kEach; ++d) {
        result[d] = fused(result[d], running_factor, sums[r][d] * segment_factor);
      }
    }
    if (range.end <= segment_begin + kAttentionSegment) {
      const float sum = places().running[row].sum;
#pragma unroll
      for (int d = 0; d < kEach; ++d) result[d] = result[d] / sum;
    }
    store_eight(out, result);
  }
}

// The product of the segment's weights with some elements of its values.
template <KvType kType, int kRows>
__device__ void TileReader<kType, kRows>::accumulate(int32_t first_column) {
  float sums[kRows][kEach] = {};
  float lane_sums[kEach] = {};
  float scores[kEach];
  float value_scale = 1.0f;
  for (int i = 0; i < kStages - 1; ++i) stage_values(first_block_ + i);
  load_scores(first_block_, scores, value_scale);
  weigh(first_block_, scores, value_scale, lane_sums);
  for (int32_t block = first_block_; block < end_block_; ++block) {
    load_scores(block + 1, scores, value_scale);
    wait_for_copies<kStages - 2>();
    sync_block();
    stage_values(block + kStages - 1);
    add_values(block, first_column, sums);
    weigh(block + 1, scores, value_scale, lane_sums);
  }
  wait_for_copies<0>();
  if (first_column == 0) {
    merge_softmax(lane_sums);
  } else {
    sync_block();  // before weights and stages are written again
  }
  merge_rows(first_column, sums);
}

}  // namespace sparkllama::cuda::tiles
