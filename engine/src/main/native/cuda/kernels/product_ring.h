// Brings weights and rows of a product into shared memory, some stages ahead of those who read
// them.
#pragma once

#include "cuda/kernels/product_grid.h"

namespace sparkllama::cuda {

// Sequences of records that lie one after the other: a block's panels, its tiles, or their sums.
struct RecordSequences {
  const std::byte* data;
  int32_t count;    // at least 1
  int32_t records;  // of each
};

// Copies a stage's piece of each sequence after the other. Warps share a piece where there are
// fewer pieces than warps; else each warp has some of its own, one for each turn.
template <int kThreads, int kMost, int kPieceRecords, int kRecordBytes>
class PieceCopies {
 public:
  __device__ explicit PieceCopies(const RecordSequences& sequences) {
    const int64_t stride = static_cast<int64_t>(sequences.records) * kRecordBytes;
    from_ = sequences.data + piece() * stride + vector() * 16;
    turn_stride_ = kPiecesAtOnce * stride;
    turns_ = (sequences.count - piece() + kPiecesAtOnce - 1) / kPiecesAtOnce;
  }

  // Begins to copy the next stage's pieces, the first to `target`.
  __device__ void copy_whole(std::byte* target) {
    SPARKLLAMA_UNROLL
    for (int turn = 0; turn < kTurns; ++turn) {
      if (turn >= turns_) break;
      const std::byte* from = from_ + turn * turn_stride_;
      std::byte* to = target + (piece() + turn * kPiecesAtOnce) * kPieceBytes + vector() * 16;
      SPARKLLAMA_UNROLL
      for (int i = 0; i < kVectors; i += kStep) {
        if (i < vectors()) copy_async(to + i * 16, from + i * 16);
      }
    }
    from_ += kPieceBytes;
  }

  // The same for the last stage, of fewer records: zeros fill its pieces up.
  __device__ void copy_part(std::byte* target, int32_t records) const {
    constexpr Words<4> kZeros = {};
    const int32_t left = vectors() - (kPieceRecords - records) * (kRecordBytes / 16);
    SPARKLLAMA_UNROLL_BY(1)
    for (int turn = 0; turn < kTurns && turn < turns_; ++turn) {
      const std::byte* from = from_ + turn * turn_stride_;
      std::byte* to = target + (piece() + turn * kPiecesAtOnce) * kPieceBytes + vector() * 16;
      SPARKLLAMA_UNROLL_BY(1)
      for (int i = 0; i < vectors(); i += kStep) {
        if (i < left) {
          copy_async(to + i * 16, from + i * 16);
        } else {
          *reinterpret_cast<Words<4>*>(to + i * 16) = kZeros;
        }
      }
    }
  }

 private:
  static constexpr int kPieceBytes = kPieceRecords * kRecordBytes;
  static constexpr int kVectors = kPieceBytes / 16;  // of a piece
  static constexpr int kWarps = kThreads / kWarpSize;
  static constexpr int kSharing = kWarps > kMost ? kWarps / kMost : 1;
  static constexpr int kPiecesAtOnce = kWarps / kSharing;
  static constexpr int kTurns = kMost / kPiecesAtOnce;
  static constexpr int kStep = kSharing * kWarpSize;  // threads at a piece
  static_assert(kTurns * kPiecesAtOnce == kMost);

  // This thread's first piece and vector, and its vectors to the end of a piece. Not kept: there
  // are fewer registers than time.
  __device__ static int piece() { return static_cast<int>(threadIdx.x) / kStep; }
  __device__ static int vector() { return static_cast<int>(threadIdx.x) % kStep; }
  __device__ static int vectors() { return kVectors - vector(); }

  const std::byte* from_;  // this thread's first vector of the next stage
  int64_t turn_stride_;
  int turns_;
};

// What a block of threads computes.
struct BlockPlace {
  RecordSequences panels;
  RecordSequences tiles;
  RecordSequences tile_sums;
};

template <TensorType kType, typename Shape>
class ProductRing {
 public:
  using Stages = ProductStages<kType, Shape>;

  __device__ explicit ProductRing(const BlockPlace& place)
      : shared_(reinterpret_cast<std::byte*>(dynamic_shared())),
        left_(place.panels.records),
        panels_(place.panels),
        tiles_(place.tiles),
        sums_(place.tile_sums) {
    SPARKLLAMA_UNROLL_BY(1)
    for (int stage = 0; stage < kAhead; ++stage) fill(shared_ + stage * Stages::kStageBytes);
  }

  __device__ bool has_next() const { return left_ > -kAhead * Stages::kRecords; }

  // Gives the next stage to all threads, who no longer read the one before. Records beyond the last
  // are zeros. What belongs to no panel or tile that exists may be anything.
  __device__ const std::byte* next() {
    wait_for_copies<kAhead - 1>();
    sync_block();
    // The slot before was read before the barrier.
    fill(shared_ + (next_at_ == 0 ? kLastAt : next_at_ - Stages::kStageBytes));
    const std::byte* stage = shared_ + next_at_;
    next_at_ = next_at_ == kLastAt ? 0 : next_at_ + Stages::kStageBytes;
    return stage;
  }

 private:
  static constexpr int kAhead = Stages::kStages - 1;
  static constexpr int kLastAt = kAhead * Stages::kStageBytes;

  __device__ void fill(std::byte* stage) {
    if (left_ >= Stages::kRecords) {
      panels_.copy_whole(stage);
      tiles_.copy_whole(stage + Stages::kTilesAt);
      if constexpr (Stages::kHasSums) sums_.copy_whole(stage + Stages::kSumsAt);
    } else if (left_ > 0) {
      panels_.copy_part(stage, left_);
      tiles_.copy_part(stage + Stages::kTilesAt, left_);
      if constexpr (Stages::kHasSums) sums_.copy_part(stage + Stages::kSumsAt, left_);
    }
    commit_copies();  // of nothing, too: groups are counted
    left_ -= Stages::kRecords;
  }

  std::byte* shared_;
  int32_t left_;  // records that no stage has; below zero when stages are but read
  PieceCopies<Shape::kThreads, Shape::kBlockPanels, Stages::kRecords, Stages::kLayout.bytes>
      panels_;
  PieceCopies<Shape::kThreads, Shape::kBlockTiles, Stages::kRecords, Stages::kTile.bytes> tiles_;
  PieceCopies<Shape::kThreads, Shape::kBlockTiles, Stages::kRecords, Stages::kTile.sum_bytes> sums_;
  int next_at_ = 0;  // of the slot that is read next
};

}  // namespace sparkllama::cuda
