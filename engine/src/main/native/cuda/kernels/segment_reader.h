// Reads one segment of a sequence for few rows, which a block does: scores of all positions first,
// then weights, then the chains over values.
#pragma once

#include <limits>

#include "cuda/kernels/attention_work.h"
#include "cuda/kernels/kv_elements.h"
#include "cuda/kernels/segment_places.h"

namespace sparkllama::cuda::segments {

// Up to kRows rows of a sequence that share a KV head, and a segment of theirs.
template <KvType kType, int kRows>
class SegmentReader {
 public:
  __device__ SegmentReader(const SegmentArguments& arguments, AttentionItem item);
  __device__ void read();

 private:
  using Stage = SegmentStaging<kType>;
  using Elements = KvElements<kType>;
  static constexpr int kMine = kRows / 2;  // rows whose values a thread adds up

  __device__ int32_t token(int32_t row) const { return (first_row_ + row) / work_.group_size; }
  __device__ int32_t head(int32_t row) const {
    return kv_head_ * work_.group_size + (first_row_ + row) % work_.group_size;
  }
  // What a row attends to in this segment.
  __device__ PositionRange span(int32_t row) const {
    return overlap(sequence_.positions(token(row), work_.window),
                   {segment_ * kAttentionSegment, (segment_ + 1) * kAttentionSegment});
  }
  __device__ const std::byte* part(int32_t block, KvSide side) const {
    const std::byte* keys = places_.keys[block - segment_ * kSegmentBlocks];
    return side == KvSide::kKeys ? keys : keys + work_.kv.kv_heads * work_.kv.part_bytes;
  }

  __device__ void load_rows();
  __device__ void load_queries();
  __device__ void stage_keys(int32_t tile, int32_t first_row, std::byte* stage) const;
  __device__ void score();
  __device__ void add_keys(const std::byte* stage, int32_t first, int32_t count,
                           float (&dots)[kRows][2]) const;
  __device__ void store_scores(int32_t tile, const float (&dots)[kRows][2]) const;
  __device__ void weigh();
  __device__ void stage_values(int32_t block) const;
  __device__ void add_values(int32_t begin, int32_t first_row, const std::byte* values,
                             float (&sums)[kMine][2]) const;
  __device__ void add_quad(const float* weights, const std::byte* values,
                           float (&sums)[kMine][2]) const;
  __device__ void add_value(int32_t position, int32_t first_row, FloatPair value,
                            float (&sums)[kMine][2]) const;
  __device__ void accumulate();
  __device__ void store(int32_t row, int32_t column, float first, float second) const;

  const AttentionWork& work_;
  const SegmentScratch& scratch_;
  const int32_t sequence_index_;
  const SequenceWork sequence_;
  const SegmentPlaces<kRows> places_;
  const int32_t head_dim_;
  int32_t kv_head_;
  int32_t segment_;
  int32_t first_row_;  // of the sequence's rows with this KV head
  int32_t rows_;
  PositionRange common_;  // that all rows attend to
  PositionRange whole_;   // that some row attends to
  int32_t first_block_;
  int32_t end_block_;
};

// Rows that one block takes; a group may have more query heads than that.
__device__ inline int32_t row_tiles(const SequenceWork& sequence, int32_t group_size,
                                    int32_t tile_rows) {
  return (sequence.tokens * group_size + tile_rows - 1) / tile_rows;
}

__device__ inline int32_t first_segment(const SequenceWork& sequence, int32_t window) {
  return sequence.positions(0, window).begin / kAttentionSegment;
}

__device__ inline int32_t segment_count(const SequenceWork& sequence, int32_t window) {
  return (sequence.context - 1) / kAttentionSegment - first_segment(sequence, window) + 1;
}

template <KvType kType, int kRows>
__device__ SegmentReader<kType, kRows>::SegmentReader(const SegmentArguments& arguments,
                                                      AttentionItem item)
    : work_(arguments.work),
      scratch_(arguments.scratch),
      sequence_index_(item.sequence),
      sequence_(work_.step, item.sequence),
      places_(work_.kv.head_dim),
      head_dim_(work_.kv.head_dim) {
  const int32_t tiles = row_tiles(sequence_, work_.group_size, kRows);
  kv_head_ = item.index % work_.kv.kv_heads;
  const int32_t rest = item.index / work_.kv.kv_heads;
  first_row_ = rest % tiles * kRows;
  segment_ = first_segment(sequence_, work_.window) + rest / tiles;
  const int32_t left = sequence_.tokens * work_.group_size - first_row_;
  rows_ = left < kRows ? left : kRows;
  const PositionRange first = span(0);
  const PositionRange last = span(rows_ - 1);
  common_ = overlap(first, last);
  whole_ = {first.begin, last.end};
  first_block_ = whole_.begin / kKvBlockPositions;
  end_block_ = (whole_.end - 1) / kKvBlockPositions + 1;
}

template <KvType kType, int kRows>
__device__ void SegmentReader<kType, kRows>::load_rows() {
  const int32_t threads = static_cast<int32_t>(blockDim.x);
  const int32_t thread = static_cast<int32_t>(threadIdx.x);
  const int32_t* table = work_.block_tables + sequence_index_ * work_.step.blocks_per_sequence;
  for (int32_t b = first_block_ + thread; b < end_block_; b += threads) {
    places_.keys[b - segment_ * kSegmentBlocks] =
        kv_part(work_.kv, table[b], KvSide::kKeys, kv_head_);
  }
  if (thread < kRows) {
    places_.ranges[thread] = thread < rows_ ? span(thread) : PositionRange{0, 0};
  }
  load_queries();
}

// A warp takes a few rows, and brings 32 elements of each at a time, several times under way
// together. Rows that there are not read zeros.
template <KvType kType, int kRows>
__device__ void SegmentReader<kType, kRows>::load_queries() {
  constexpr int kTogether = kRows < 4 ? kRows : 4;
  constexpr int kTimes = 4;
  struct alignas(kTogether * sizeof(float)) Column {
    float of_rows[kTogether];
  };
  const int32_t warps = static_cast<int32_t>(blockDim.x) / kWarpSize;
  const int32_t warp = static_cast<int32_t>(threadIdx.x) / kWarpSize;
  const int32_t lane = static_cast<int32_t>(threadIdx.x) % kWarpSize;
#pragma unroll 1
  for (int32_t first = warp * kTogether; first < kRows; first += warps * kTogether) {
    const float* from[kTogether];
#pragma unroll
    for (int k = 0; k < kTogether; ++k) {
      const int32_t row = first + k;
      const int64_t at = int64_t{sequence_.first_token + token(row)} * work_.head_count + head(row);
      from[k] = row < rows_ ? work_.queries + at * head_dim_ : nullptr;
    }
#pragma unroll 1
    for (int32_t next = lane; next < head_dim_; next += kTimes * kWarpSize) {
      Column columns[kTimes] = {};
#pragma unroll
      for (int i = 0; i < kTimes; ++i) {
        const int32_t d = next + i * kWarpSize;
#pragma unroll
        for (int k = 0; k < kTogether; ++k) {
          if (d < head_dim_ && from[k] != nullptr) columns[i].of_rows[k] = from[k][d];
        }
      }
#pragma unroll
      for (int i = 0; i < kTimes; ++i) {
        const int32_t d = next + i * kWarpSize;
        if (d >= head_dim_) continue;
        *reinterpret_cast<Column*>(places_.queries + d * kRows + first) = columns[i];
      }
    }
  }
}

// Begins to bring key rows [first_row, first_row + kKeyRows) of a tile's blocks.
template <KvType kType, int kRows>
__device__ void SegmentReader<kType, kRows>::stage_keys(int32_t tile, int32_t first_row,
                                                        std::byte* stage) const {
  constexpr int32_t kPieces = Stage::kKeyRows * Stage::kKeyRowBytes / 16;  // of one block
  constexpr int32_t kRowPieces = Stage::kKeyRowBytes / 16;
  const int32_t lane = static_cast<int32_t>(threadIdx.x % kWarpSize);
  static_assert(kTileBlocks * kPieces % kWarpSize == 0);
#pragma unroll
  for (int k = 0; k < kTileBlocks * kPieces / kWarpSize; ++k) {
    const int32_t i = k * kWarpSize + lane;
    const int32_t block = first_block_ + tile * kTileBlocks + i / kPieces;
    const int32_t piece = i % kPieces;
    if (block < end_block_ && first_row + piece / kRowPieces < head_dim_) {
      copy_async(stage + i / kPieces * Stage::kKeyBlockBytes + piece * 16,
                 part(block, KvSide::kKeys) + Elements::kHeaderBytes +
                     first_row * Stage::kKeyRowBytes + piece * 16);
    }
  }
}

// Goes on with the chains of a lane's two positions.
template <KvType kType, int kRows>
__device__ void SegmentReader<kType, kRows>::add_keys(const std::byte* stage, int32_t first,
                                                      int32_t count,
                                                      float (&dots)[kRows][2]) const {
  const int32_t lane = static_cast<int32_t>(threadIdx.x % kWarpSize);
  const std::byte* keys = stage + lane / 8 * Stage::kKeyBlockBytes + lane % 8 * 2 * Stage::kBytes;
  const float* queries = places_.queries + first * kRows;
#pragma unroll 1
  for (int32_t d = 0; d < count; d += 8) {  // heads have multiples of 8
#pragma unroll
    for (int k = 0; k < 8; ++k) {
      const FloatPair key = Elements::pair(keys + (d + k) * Stage::kKeyRowBytes);
#pragma unroll
      for (int r = 0; r < kRows; ++r) {
        const float query = queries[(d + k) * kRows + r];
        dots[r][0] = fused(query, key.first, dots[r][0]);
        dots[r][1] = fused(query, key.second, dots[r][1]);
      }
    }
  }
}

// Stores them, those of positions that no row attends to as well: nobody reads these.
template <KvType kType, int kRows>
__device__ void SegmentReader<kType, kRows>::store_scores(int32_t tile,
                                                          const float (&dots)[kRows][2]) const {
  const int32_t lane = static_cast<int32_t>(threadIdx.x % kWarpSize);
  const int32_t block = first_block_ + tile * kTileBlocks + lane / 8;
  if (block >= end_block_) return;
  const std::byte* keys = part(block, KvSide::kKeys);
#pragma unroll
  for (int i = 0; i < 2; ++i) {
    const int32_t offset = lane % 8 * 2 + i;
    const int32_t position = block * kKvBlockPositions + offset;
    const float scale = kv_scale<kType>(keys, offset);
#pragma unroll
    for (int r = 0; r < kRows; ++r) {
      float score = scaled_dot<kType>(dots[r][i], scale, work_);
      if (work_.soft_cap != 0.0f) score = capped(score, work_.soft_cap);
      places_.scores[r * kScoreStride + in_segment(position)] = score;
    }
  }
}

// Scores of all rows and positions: each warp takes tiles of 64 positions and brings their keys by
// itself.
template <KvType kType, int kRows>
__device__ void SegmentReader<kType, kRows>::score() {
  const int32_t warp = static_cast<int32_t>(threadIdx.x) / kWarpSize;
  const int32_t warps = static_cast<int32_t>(blockDim.x) / kWarpSize;
  const int32_t tiles = (end_block_ - first_block_ + kTileBlocks - 1) / kTileBlocks;
  const int32_t slabs = (head_dim_ + Stage::kKeyRows - 1) / Stage::kKeyRows;
  std::byte* stages = places_.stages + warp * kKeyStages * Stage::kKeyStageBytes;
  int32_t next_tile = warp;
  int32_t next_slab = 0;
  int32_t next_stage = 0;
  const auto stage_next = [&] {
    if (next_tile < tiles) {
      stage_keys(next_tile, next_slab * Stage::kKeyRows,
                 stages + next_stage * Stage::kKeyStageBytes);
    }
    commit_copies();
    next_stage = next_stage + 1 == kKeyStages ? 0 : next_stage + 1;
    if (++next_slab == slabs) {
      next_slab = 0;
      next_tile += warps;
    }
  };
  for (int i = 0; i < kKeyStages - 1; ++i) stage_next();
  int32_t stage = 0;
  for (int32_t tile = warp; tile < tiles; tile += warps) {
    float dots[kRows][2] = {};
    for (int32_t slab = 0; slab < slabs; ++slab) {
      wait_for_copies<kKeyStages - 2>();
      sync_warp();  // the others' copies are there, and nobody reads the stage that is next
      stage_next();
      const std::byte* keys = stages + stage * Stage::kKeyStageBytes;
      const int32_t first = slab * Stage::kKeyRows;
      const int32_t left = head_dim_ - first;
      add_keys(keys, first, left < Stage::kKeyRows ? left : Stage::kKeyRows, dots);
      stage = stage + 1 == kKeyStages ? 0 : stage + 1;
    }
    store_scores(tile, dots);
  }
  wait_for_copies<0>();
}

// Turns scores into weights, and for kInt8 into weights times the scales of values: 16 threads to a
// row, each a lane of its sum.
template <KvType kType, int kRows>
__device__ void SegmentReader<kType, kRows>::weigh() {
  const int32_t thread = static_cast<int32_t>(threadIdx.x);
  const int32_t lane = thread % 16;
  const int32_t at_once = static_cast<int32_t>(blockDim.x) / 16;
  for (int32_t first = 0; first < rows_; first += at_once) {
    const int32_t row = first + thread / 16;
    const bool exists = row < rows_;
    const PositionRange range = exists ? places_.ranges[row] : PositionRange{0, 0};
    const int32_t begin = (range.begin - lane + 15) / 16 * 16 + lane;
    float* scores = places_.scores + (exists ? row : 0) * kScoreStride;
    float maximum = -std::numeric_limits<float>::infinity();
#pragma unroll 4
    for (int32_t p = begin; p < range.end; p += 16) {
      const float s = scores[in_segment(p)];
      maximum = s > maximum ? s : maximum;
    }
#pragma unroll
    for (int mask = 8; mask > 0; mask /= 2) {
      const float other = shuffle_xor(maximum, mask);
      maximum = other > maximum ? other : maximum;
    }
    float sum = 0.0f;
#pragma unroll 4
    for (int32_t p = begin; p < range.end; p += 16) {
      float weight = portable::exponential(scores[in_segment(p)] - maximum);
      sum += weight;
      if constexpr (kType == KvType::kInt8) {
        weight *= kv_scale<kType>(part(p / kKvBlockPositions, KvSide::kValues), lane);
      }
      scores[in_segment(p)] = weight;
    }
#pragma unroll
    for (int mask = 8; mask > 0; mask /= 2) sum += shuffle_xor(sum, mask);
    if (exists && lane == 0) places_.softmax[row] = {maximum, sum};
  }
}

// Begins to bring the values of blocks [block, block + kValueBlocks).
template <KvType kType, int kRows>
__device__ void SegmentReader<kType, kRows>::stage_values(int32_t block) const {
  const auto block_bytes = static_cast<int32_t>(Stage::value_block_bytes(head_dim_));
  const int32_t group = (block - first_block_) / Stage::kValueBlocks;
  std::byte* stage = places_.stages + group % kValueStages * Stage::kValueBlocks * block_bytes;
  for (int32_t b = 0; b < Stage::kValueBlocks && block + b < end_block_; ++b) {
    const std::byte* values = part(block + b, KvSide::kValues) + Elements::kHeaderBytes;
    for (int32_t at = static_cast<int32_t>(threadIdx.x) * 16; at < block_bytes;
         at += static_cast<int32_t>(blockDim.x) * 16) {
      copy_async(stage + b * block_bytes + at, values + at);
    }
  }
  commit_copies();
}

// Adds the value of one position to those rows that attend to it.
template <KvType kType, int kRows>
__device__ void SegmentReader<kType, kRows>::add_value(int32_t position, int32_t first_row,
                                                       FloatPair value,
                                                       float (&sums)[kMine][2]) const {
#pragma unroll
  for (int r = 0; r < kMine; ++r) {
    const PositionRange range = places_.ranges[first_row + r];
    if (position < range.begin || position >= range.end) continue;
    const float weight = places_.scores[(first_row + r) * kScoreStride + in_segment(position)];
    sums[r][0] = fused(weight, value.first, sums[r][0]);
    sums[r][1] = fused(weight, value.second, sums[r][1]);
  }
}

// Adds the values of four positions that all rows attend to.
template <KvType kType, int kRows>
__device__ void SegmentReader<kType, kRows>::add_quad(const float* weights, const std::byte* values,
                                                      float (&sums)[kMine][2]) const {
  FloatPair value[4];
#pragma unroll
  for (int p = 0; p < 4; ++p) value[p] = Elements::pair(values + p * head_dim_ * Stage::kBytes);
#pragma unroll
  for (int r = 0; r < kMine; ++r) {
    const FloatQuad weight = *reinterpret_cast<const FloatQuad*>(weights + r * kScoreStride);
#pragma unroll
    for (int p = 0; p < 4; ++p) {
      sums[r][0] = fused(weight.at[p], value[p].first, sums[r][0]);
      sums[r][1] = fused(weight.at[p], value[p].second, sums[r][1]);
    }
  }
}

// Goes on with the chains over the positions of a stage, from `begin` on.
template <KvType kType, int kRows>
__device__ void SegmentReader<kType, kRows>::add_values(int32_t begin, int32_t first_row,
                                                        const std::byte* values,
                                                        float (&sums)[kMine][2]) const {
  constexpr int32_t kPositions = Stage::kValueBlocks * kKvBlockPositions;
  constexpr int kQuads = kMine > 4 ? 2 : 4;  // at once, as registers allow
  const int32_t row_bytes = head_dim_ * Stage::kBytes;
  const float* weights = places_.scores + first_row * kScoreStride + in_segment(begin);
  if (begin >= common_.begin && begin + kPositions <= common_.end) {
#pragma unroll 1
    for (int32_t i = 0; i < kPositions; i += 4 * kQuads) {
#pragma unroll
      for (int32_t q = 0; q < 4 * kQuads; q += 4) {
        add_quad(weights + i + q, values + (i + q) * row_bytes, sums);
      }
    }
    return;
  }
#pragma unroll 1
  for (int32_t i = 0; i < kPositions; i += 4) {
    if (begin + i >= common_.begin && begin + i + 4 <= common_.end) {
      add_quad(weights + i, values + i * row_bytes, sums);
      continue;
    }
#pragma unroll 1
    for (int32_t p = i; p < i + 4; ++p) {
      if (begin + p < whole_.begin || begin + p >= whole_.end) continue;
      add_value(begin + p, first_row, Elements::pair(values + p * row_bytes), sums);
    }
  }
}

// The chains over positions: a thread has two elements of half of the rows.
template <KvType kType, int kRows>
__device__ void SegmentReader<kType, kRows>::accumulate() {
  const auto block_bytes = static_cast<int32_t>(Stage::value_block_bytes(head_dim_));
  const int32_t thread = static_cast<int32_t>(threadIdx.x);
  const int32_t first = thread < head_dim_ / 2 ? 0 : kMine;
  const int32_t column = (first == 0 ? thread : thread - head_dim_ / 2) * 2;
  const bool works = thread < head_dim_ && first < rows_;
  float sums[kMine][2] = {};
  for (int32_t block = first_block_; block < end_block_; block += Stage::kValueBlocks) {
    wait_for_copies<kValueStages - 2>();
    sync_block();
    stage_values(block + (kValueStages - 1) * Stage::kValueBlocks);
    if (!works) continue;
    const std::byte* values = places_.stages +
                              (block - first_block_) / Stage::kValueBlocks % kValueStages *
                                  Stage::kValueBlocks * block_bytes +
                              column * Stage::kBytes;
    add_values(block * kKvBlockPositions, first, values, sums);
  }
  wait_for_copies<0>();
  if (!works) return;
#pragma unroll
  for (int r = 0; r < kMine; ++r) {
    if (first + r < rows_) store(first + r, column, sums[r][0], sums[r][1]);
  }
}

// Stores two elements of a row: as the result where there is one segment, else for the merge.
template <KvType kType, int kRows>
__device__ void SegmentReader<kType, kRows>::store(int32_t row, int32_t column, float first,
                                                   float second) const {
  const RowSoftmax softmax = places_.softmax[row];
  float* out;
  if (segment_count(sequence_, work_.window) == 1) {
    out = work_.output +
          (int64_t{sequence_.first_token + token(row)} * work_.head_count + head(row)) * head_dim_;
    first = first / softmax.sum;
    second = second / softmax.sum;
  } else {
    out =
        scratch_.row(sequence_index_, segment_ - first_segment(sequence_, work_.window), head(row));
    if (column == 0) {
      out[0] = softmax.maximum;
      out[1] = softmax.sum;
    }
    out += SegmentScratch::kSoftmaxFloats;
  }
  out[column] = first;
  out[column + 1] = second;
}

template <KvType kType, int kRows>
__device__ void SegmentReader<kType, kRows>::read() {
  load_rows();
  sync_block();
  score();
  sync_block();
  for (int i = 0; i < kValueStages - 1; ++i) stage_values(first_block_ + i * Stage::kValueBlocks);
  weigh();
  accumulate();
  sync_block();  // before the next item's rows take this one's place
}

}  // namespace sparkllama::cuda::segments
