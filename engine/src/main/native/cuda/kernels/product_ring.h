// Brings weights and rows of a product into shared memory, some stages ahead of those who read
// them.
#pragma once

#include "cuda/kernels/product_grid.h"

namespace sparkllama::cuda {

// What a block of threads computes.
struct BlockPlace {
  const std::byte* weights;  // of its first panel
  const std::byte* tiles;    // of its first tile
  const std::byte* tile_sums;
  int32_t panel_count;  // that exist, 1 to kBlockPanels
  int32_t tile_count;   // likewise
  int32_t records;
};

template <TensorType kType, typename Shape>
class ProductRing {
 public:
  using Stages = ProductStages<kType, Shape>;

  __device__ explicit ProductRing(const BlockPlace& place)
      : place_(place), shared_(reinterpret_cast<std::byte*>(dynamic_shared())) {
    SPARKLLAMA_UNROLL
    for (int stage = 0; stage < Stages::kStages - 1; ++stage) fill_next();
  }

  // How often next() is to be called.
  __device__ int32_t count() const {
    return (place_.records + Stages::kRecords - 1) / Stages::kRecords;
  }

  // Gives the next stage to all threads, who no longer read the one before. Records beyond the last
  // are zeros. What belongs to no panel or tile that exists may be anything.
  __device__ const std::byte* next() {
    wait_for_copies<Stages::kStages - 2>();
    sync_block();
    // The slot that is filled was read before the barrier.
    fill_next();
    const std::byte* stage = shared_ + read_slot_ * Stages::kStageBytes;
    read_slot_ = read_slot_ + 1 == Stages::kStages ? 0 : read_slot_ + 1;
    return stage;
  }

 private:
  __device__ void fill_next() {
    const int32_t left = place_.records - filled_;
    if (left > 0) {
      std::byte* stage = shared_ + fill_slot_ * Stages::kStageBytes;
      copy_pieces<Shape::kBlockPanels, Stages::kPanelBytes, Stages::kLayout.bytes>(
          place_.weights, place_.panel_count, stage);
      copy_pieces<Shape::kBlockTiles, Stages::kTileBytes, Stages::kTile.bytes>(
          place_.tiles, place_.tile_count, stage + Stages::kTilesAt);
      if constexpr (Stages::kHasSums) {
        copy_pieces<Shape::kBlockTiles, Stages::kSumBytes, Stages::kTile.sum_bytes>(
            place_.tile_sums, place_.tile_count, stage + Stages::kSumsAt);
      }
    }
    commit_copies();  // of nothing, too: groups are counted
    filled_ += Stages::kRecords;
    fill_slot_ = fill_slot_ + 1 == Stages::kStages ? 0 : fill_slot_ + 1;
  }

  // The stage's part of each of `count` sequences of records. Warps share a piece where there are
  // fewer pieces than warps.
  template <int kMost, int kPieceBytes, int kRecordBytes>
  __device__ void copy_pieces(const std::byte* source, int32_t count, std::byte* target) {
    constexpr int kVectors = kPieceBytes / 16;
    constexpr int kWarps = Shape::kThreads / kWarpSize;
    constexpr int kSharing = kWarps > kMost ? kWarps / kMost : 1;
    constexpr int kStep = kSharing * kWarpSize;  // vectors at a time
    const int first_piece = static_cast<int>(threadIdx.x) / kStep;
    const int first_vector = static_cast<int>(threadIdx.x) % kStep;
    const int32_t left = (place_.records - filled_) * (kRecordBytes / 16);  // vectors of a piece
    const int64_t begin = static_cast<int64_t>(filled_) * kRecordBytes + first_vector * 16;
    SPARKLLAMA_UNROLL
    for (int turn = 0; turn < kMost; turn += kWarps / kSharing) {
      const int piece = turn + first_piece;
      if (piece >= count) break;
      const std::byte* from =
          source + begin + piece * (static_cast<int64_t>(place_.records) * kRecordBytes);
      std::byte* to = target + piece * kPieceBytes + first_vector * 16;
      SPARKLLAMA_UNROLL
      for (int i = 0; i < kVectors; i += kStep) {
        const int vector = i + first_vector;
        if (vector >= kVectors) break;
        if (vector < left) {
          copy_async(to + i * 16, from + i * 16);
        } else {
          *reinterpret_cast<Words<4>*>(to + i * 16) = Words<4>{};
        }
      }
    }
  }

  BlockPlace place_;
  std::byte* shared_;
  int32_t filled_ = 0;  // records
  int fill_slot_ = 0;
  int read_slot_ = 0;
};

}  // namespace sparkllama::cuda
