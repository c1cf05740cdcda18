// Walks the positions of a tile of rows, which a block does: a product with keys over a segment,
// whose scores wait in scratch, then one with values.
#pragma once

#include <limits>

#include "cuda/kernels/attention_work.h"
#include "cuda/kernels/kv_elements.h"
#include "cuda/kernels/tile_places.h"

namespace sparkllama::cuda::tiles {

// Up to kTileRows rows of a sequence that share a KV head. kRows is how many of them a thread has
// in the product with values: half as many where heads are narrow, so that all threads have some.
template <KvType kType, int kRows>
class TileReader {
 public:
  __device__ TileReader(const TileArguments& arguments, AttentionItem item);
  __device__ void read();

 private:
  using Stage = TileStaging<kType>;
  using Elements = KvElements<kType>;
  static constexpr int32_t kRowGroups = kTileRows / kRows;
  static constexpr int32_t kColumnGroups = kThreads / kRowGroups;
  static constexpr int32_t kPassColumns = kColumnGroups * kEach;

  __device__ int64_t row_at(int32_t row) const {  // of queries and output, in heads
    const int32_t flat = first_row_ + row;
    return int64_t{sequence_.first_token + flat / work_.group_size} * work_.head_count +
           kv_head_ * work_.group_size + flat % work_.group_size;
  }
  __device__ const std::byte* part(int32_t block, KvSide side) const {
    const std::byte* keys = places().keys[block & (kSegmentBlocks - 1)];
    return side == KvSide::kKeys ? keys : keys + work_.kv.kv_heads * work_.kv.part_bytes;
  }
  __device__ std::byte* stages() const { return places().stages(head_dim_); }
  __device__ bool all_see(int32_t begin, int32_t end) const {
    return begin >= common_.begin && end <= common_.end;
  }

  __device__ void load_rows();
  __device__ void begin_segment(int32_t segment);
  __device__ void stage_keys(int32_t first_block, int32_t first, std::byte* stage) const;
  __device__ void add_keys(const std::byte* stage, int32_t first, int32_t count,
                           float (&dots)[kEach][kEach]) const;
  __device__ void keep_maxima(int32_t position, const float (&scores)[kEach],
                              float (&maxima)[kEach]) const;
  __device__ void store_scores(int32_t first_block, const float (&dots)[kEach][kEach],
                               float (&maxima)[kEach]) const;
  __device__ void score();
  __device__ void store_maxima(float (&maxima)[kEach]) const;
  __device__ void stage_values(int32_t block) const;
  __device__ void load_scores(int32_t block, float (&scores)[kEach], float& value_scale) const;
  __device__ void weigh(int32_t block, const float (&scores)[kEach], float value_scale,
                        float (&sums)[kEach]) const;
  __device__ void add_values(int32_t block, int32_t first_column,
                             float (&sums)[kRows][kEach]) const;
  __device__ void accumulate(int32_t first_column);
  __device__ void merge_softmax(const float (&lane_sums)[kEach]) const;
  __device__ void merge_rows(int32_t first_column, const float (&sums)[kRows][kEach]) const;

  const AttentionWork& work_;
  float* const scores_;  // [kAttentionSegment, kTileRows]
  const int32_t sequence_index_;
  const SequenceWork sequence_;
  const int32_t head_dim_;
  const int32_t thread_;
  int32_t kv_head_;
  int32_t first_row_;
  int32_t rows_;
  PositionRange common_;  // that all rows attend to
  PositionRange whole_;   // that some row attends to
  int32_t segment_ = 0;
  int32_t first_block_ = 0;  // of the segment
  int32_t end_block_ = 0;
  // Where a thread stands in the product with keys, and when it weighs.
  int32_t row_group_;
  int32_t position_group_;
  int32_t lane_;  // of a sum, with rows of its own
  int32_t lane_rows_;
};

template <KvType kType, int kRows>
__device__ TileReader<kType, kRows>::TileReader(const TileArguments& arguments, AttentionItem item)
    : work_(arguments.work),
      scores_(arguments.scores + blockIdx.x * kScoreFloats),
      sequence_index_(item.sequence),
      sequence_(work_.step, item.sequence),
      head_dim_(work_.kv.head_dim),
      thread_(static_cast<int32_t>(threadIdx.x % kThreads)) {
  kv_head_ = item.index % work_.kv.kv_heads;
  const int32_t later = item.index / work_.kv.kv_heads;  // tiles, which have more positions
  first_row_ = (tile_count(sequence_, work_.group_size) - 1 - later) * kTileRows;
  const int32_t left = sequence_.tokens * work_.group_size - first_row_;
  rows_ = left < kTileRows ? left : kTileRows;
  const PositionRange first = sequence_.positions(first_row_ / work_.group_size, work_.window);
  const PositionRange last =
      sequence_.positions((first_row_ + rows_ - 1) / work_.group_size, work_.window);
  common_ = overlap(first, last);
  whole_ = {first.begin, last.end};
  const int32_t lane = thread_ % kWarpSize;
  const int32_t warp = thread_ / kWarpSize;
  row_group_ = warp % 2 * 4 + lane / 8;
  position_group_ = warp / 2 * 8 + lane % 8;
  lane_ = thread_ / 8;
  lane_rows_ = thread_ % 8 * kEach;
}

// Rows that there are not read zeros, and attend to nothing.
template <KvType kType, int kRows>
__device__ void TileReader<kType, kRows>::load_rows() {
  for (int32_t i = thread_; i < kTileRows * (head_dim_ / 4); i += kThreads) {
    const int32_t row = i % kTileRows;
    const int32_t d = i / kTileRows * 4;
    FloatQuad quad = {};
    if (row < rows_) {
      quad = *reinterpret_cast<const FloatQuad*>(work_.queries + row_at(row) * head_dim_ + d);
    }
#pragma unroll
    for (int k = 0; k < 4; ++k) places().queries()[(d + k) * kTileRows + row] = quad.at[k];
  }
  if (thread_ < kTileRows) {
    places().ranges[thread_] =
        thread_ < rows_
            ? sequence_.positions((first_row_ + thread_) / work_.group_size, work_.window)
            : PositionRange{0, 0};
  }
}

template <KvType kType, int kRows>
__device__ void TileReader<kType, kRows>::begin_segment(int32_t segment) {
  segment_ = segment;
  const PositionRange span =
      overlap(whole_, {segment * kAttentionSegment, (segment + 1) * kAttentionSegment});
  first_block_ = span.begin / kKvBlockPositions;
  end_block_ = (span.end - 1) / kKvBlockPositions + 1;
  const int32_t* table = work_.block_tables + sequence_index_ * work_.step.blocks_per_sequence;
  for (int32_t b = first_block_ + thread_; b < end_block_; b += kThreads) {
    places().keys[b & (kSegmentBlocks - 1)] = kv_part(work_.kv, table[b], KvSide::kKeys, kv_head_);
  }
}

// Begins to bring the elements [first, first + kKeyRows) of keys of kTileBlocks blocks.
template <KvType kType, int kRows>
__device__ void TileReader<kType, kRows>::stage_keys(int32_t first_block, int32_t first,
                                                     std::byte* stage) const {
  constexpr int32_t kPieces = Stage::kKeyRows * Stage::kKeyRowBytes / 16;  // of one block
  constexpr int32_t kRowPieces = Stage::kKeyRowBytes / 16;
  static_assert(kTileBlocks * kPieces % kThreads == 0);
#pragma unroll
  for (int k = 0; k < kTileBlocks * kPieces / kThreads; ++k) {
    const int32_t i = k * kThreads + thread_;
    const int32_t block = first_block + i / kPieces;
    const int32_t piece = i % kPieces;
    if (block < end_block_ && first + piece / kRowPieces < head_dim_) {
      copy_async(stage + i / kPieces * Stage::kKeyBlockBytes + piece * 16,
                 part(block, KvSide::kKeys) + Elements::kHeaderBytes + first * Stage::kKeyRowBytes +
                     piece * 16);
    }
  }
}

template <KvType kType, int kRows>
__device__ void TileReader<kType, kRows>::add_keys(const std::byte* stage, int32_t first,
                                                   int32_t count,
                                                   float (&dots)[kEach][kEach]) const {
  const std::byte* keys = stage + position_group_ / 2 * Stage::kKeyBlockBytes +
                          position_group_ % 2 * kEach * Stage::kBytes;
  const float* queries = places().queries() + first * kTileRows + row_group_ * kEach;
#pragma unroll 1
  for (int32_t d = 0; d < count; d += kUnrolled) {
#pragma unroll
    for (int k = 0; k < kUnrolled; ++k) {
      float query[kEach];
      float key[kEach];
      load_eight(queries + (d + k) * kTileRows, query);
      Elements::eight(keys + (d + k) * Stage::kKeyRowBytes, key);
#pragma unroll
      for (int r = 0; r < kEach; ++r) {
#pragma unroll
        for (int p = 0; p < kEach; ++p) dots[r][p] = fused(query[r], key[p], dots[r][p]);
      }
    }
  }
}

// Keeps the maxima of those scores of a position whose rows attend to it.
template <KvType kType, int kRows>
__device__ void TileReader<kType, kRows>::keep_maxima(int32_t position,
                                                      const float (&scores)[kEach],
                                                      float (&maxima)[kEach]) const {
  const bool all = all_see(position, position + 1);
#pragma unroll
  for (int r = 0; r < kEach; ++r) {
    bool sees = all;
    if (!all) {
      const PositionRange range = places().ranges[row_group_ * kEach + r];
      sees = position >= range.begin && position < range.end;
    }
    if (sees && scores[r] > maxima[r]) maxima[r] = scores[r];
  }
}

// Makes scores of the chains and stores them, those of no row's positions too.
template <KvType kType, int kRows>
__device__ void TileReader<kType, kRows>::store_scores(int32_t first_block,
                                                       const float (&dots)[kEach][kEach],
                                                       float (&maxima)[kEach]) const {
  const int32_t block = first_block + position_group_ / 2;
  if (block >= end_block_) return;
  const std::byte* keys = part(block, KvSide::kKeys);
  const int32_t offset = position_group_ % 2 * kEach;
  const int32_t begin = block * kKvBlockPositions + offset;
  float* out = scores_ + in_segment(begin) * kTileRows + row_group_ * kEach;
#pragma unroll
  for (int p = 0; p < kEach; ++p) {
    const float scale = kv_scale<kType>(keys, offset + p);
    float scores[kEach];
#pragma unroll
    for (int r = 0; r < kEach; ++r) scores[r] = scaled_dot<kType>(dots[r][p], scale, work_);
    store_eight(out + p * kTileRows, scores);
    if (work_.soft_cap == 0.0f) keep_maxima(begin + p, scores, maxima);
  }
  if (work_.soft_cap == 0.0f) return;
#pragma unroll 1  // the code of one is long
  for (int p = 0; p < kEach; ++p) {
    float scores[kEach];
    load_eight(out + p * kTileRows, scores);
#pragma unroll
    for (int r = 0; r < kEach; ++r) scores[r] = capped(scores[r], work_.soft_cap);
    store_eight(out + p * kTileRows, scores);
    keep_maxima(begin + p, scores, maxima);
  }
}

// The maxima of a thread's rows over all positions of the segment.
template <KvType kType, int kRows>
__device__ void TileReader<kType, kRows>::store_maxima(float (&maxima)[kEach]) const {
#pragma unroll
  for (int r = 0; r < kEach; ++r) {
#pragma unroll
    for (int mask = 1; mask < 8; mask *= 2) {
      const float other = shuffle_xor(maxima[r], mask);
      maxima[r] = other > maxima[r] ? other : maxima[r];
    }
  }
  if (position_group_ % 8 == 0) {
    store_eight(&places().maxima[position_group_ / 8][row_group_ * kEach], maxima);
  }
  sync_block();
  if (thread_ < kTileRows) {
    const float low = places().maxima[0][thread_];
    const float high = places().maxima[1][thread_];
    places().segment_maxima[thread_] = high > low ? high : low;
  }
  sync_block();
}

// The product with keys, over the segment.
template <KvType kType, int kRows>
__device__ void TileReader<kType, kRows>::score() {
  float maxima[kEach];
#pragma unroll
  for (int r = 0; r < kEach; ++r) maxima[r] = -std::numeric_limits<float>::infinity();
  int32_t next_block = first_block_;
  int32_t next_element = 0;
  int32_t next_stage = 0;
  const auto stage_next = [&] {
    if (next_block < end_block_) {
      stage_keys(next_block, next_element, stages() + next_stage * Stage::kKeyStageBytes);
    }
    commit_copies();
    next_stage = next_stage + 1 == kStages ? 0 : next_stage + 1;
    next_element += Stage::kKeyRows;
    if (next_element >= head_dim_) {
      next_element = 0;
      next_block += kTileBlocks;
    }
  };
  for (int i = 0; i < kStages - 1; ++i) stage_next();
  int32_t stage = 0;
#pragma unroll 1
  for (int32_t block = first_block_; block < end_block_; block += kTileBlocks) {
    float dots[kEach][kEach] = {};
#pragma unroll 1
    for (int32_t first = 0; first < head_dim_; first += Stage::kKeyRows) {
      wait_for_copies<kStages - 2>();
      sync_block();
      stage_next();
      const int32_t left = head_dim_ - first;
      add_keys(stages() + stage * Stage::kKeyStageBytes, first,
               left < Stage::kKeyRows ? left : Stage::kKeyRows, dots);
      stage = stage + 1 == kStages ? 0 : stage + 1;
    }
    store_scores(block, dots, maxima);
  }
  wait_for_copies<0>();
  store_maxima(maxima);
}

template <KvType kType, int kRows>
__device__ void TileReader<kType, kRows>::read() {
  load_rows();
  for (int32_t segment = whole_.begin / kAttentionSegment;
       segment <= (whole_.end - 1) / kAttentionSegment; ++segment) {
    begin_segment(segment);
    sync_block();
    score();
    for (int32_t column = 0; column < head_dim_; column += kPassColumns) accumulate(column);
    sync_block();  // before the next segment's or item's numbers take the place of these
  }
}

}  // namespace sparkllama::cuda::tiles
