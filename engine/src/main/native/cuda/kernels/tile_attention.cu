#include <algorithm>

#include "cuda/kernels/tile_attention.h"
#include "cuda/kernels/tile_reader.h"
#include "cuda/kernels/tile_values.h"

namespace sparkllama::cuda {
namespace {

using namespace tiles;

// Items of a sequence come with those of the most positions first. Blocks take them forwards and
// backwards by turns, so that what a block has in one turn is made good by the next.
template <KvType kType, int kRows>
__global__ void __launch_bounds__(kThreads, kBlocksPerMultiprocessor)
    read_tiles(TileArguments arguments) {
  const AttentionWork& work = arguments.work;
  const auto count = [&](int32_t s) -> int32_t {
    const SequenceWork sequence(work.step, s);
    if (sequence.reader(work) != AttentionReader::kManyRows) return 0;
    return tile_count(sequence, work.group_size) * work.kv.kv_heads;
  };
  const int32_t sequences = *work.step.num_sequences;
  const auto block = static_cast<int32_t>(blockIdx.x);
  const auto blocks = static_cast<int32_t>(gridDim.x);
  for (int32_t turn = 0;; ++turn) {
    const int32_t place = turn % 2 == 0 ? block : blocks - 1 - block;
    const AttentionItem item = find_item(sequences, turn * blocks + place, count);
    if (item.sequence < 0) return;
    TileReader<kType, kRows>(arguments, item).read();
  }
}

// Each sequence has at most one tile that is not full.
int64_t most_blocks(const AttentionShape& shape, int32_t multiprocessors, int32_t head_count,
                    int32_t kv_heads) {
  const int64_t rows = int64_t{shape.max_tokens} * (head_count / kv_heads);
  const int64_t items = (rows / kTileRows + shape.max_sequences) * kv_heads;
  return std::min<int64_t>(items, int64_t{kBlocksPerMultiprocessor} * multiprocessors);
}

template <KvType kType>
constexpr int64_t shared_bytes(int32_t head_dim) {
  return static_cast<int64_t>(sizeof(TilePlaces)) + int64_t{head_dim} * kTileRows * 4 +
         int64_t{kStages} * TileStaging<kType>::stage_bytes(head_dim);
}

template <KvType kType, int kRows>
void launch_rows(const AttentionLaunch& launched, const TileArguments& arguments) {
  const AttentionWork& work = arguments.work;
  static_assert(shared_bytes<kType>(kMostHeadDimension) <= kSm80SharedBytes);
  const int64_t shared = shared_bytes<kType>(work.kv.head_dim);
  const int64_t blocks =
      most_blocks(launched.shape, launched.multiprocessors, work.head_count, work.kv.kv_heads);
  prefer_shared_memory(read_tiles<kType, kRows>);
  launch(read_tiles<kType, kRows>,
         {dim3(static_cast<unsigned>(blocks)), dim3(kThreads), static_cast<size_t>(shared)},
         launched.stream, arguments);
}

template <KvType kType>
void launch_type(const AttentionLaunch& launched, const TileArguments& arguments) {
  if (arguments.work.kv.head_dim <= 64) return launch_rows<kType, 4>(launched, arguments);
  launch_rows<kType, 8>(launched, arguments);
}

}  // namespace

int64_t tile_scratch_bytes(const AttentionShape& most, int32_t multiprocessors,
                           int32_t head_count) {
  if (most.longest == 1) return 0;
  const int64_t items =
      int64_t{most.max_tokens} * head_count / kTileRows + int64_t{most.max_sequences} * head_count;
  return std::min<int64_t>(items, int64_t{kBlocksPerMultiprocessor} * multiprocessors) *
         kScoreFloats * static_cast<int64_t>(sizeof(float));
}

int64_t tile_shared_bytes(int32_t head_dim, KvType type) {
  switch (type) {
    case KvType::kFloat32:
      return shared_bytes<KvType::kFloat32>(head_dim);
    case KvType::kFloat16:
      return shared_bytes<KvType::kFloat16>(head_dim);
    case KvType::kInt8:
      return shared_bytes<KvType::kInt8>(head_dim);
  }
  return 0;
}

void attend_tiles(const AttentionLaunch& launched, const AttentionWork& work, std::byte* scratch) {
  TileArguments arguments;
  arguments.work = work;
  arguments.scores = reinterpret_cast<float*>(scratch);
  switch (work.kv.type) {
    case KvType::kFloat32:
      return launch_type<KvType::kFloat32>(launched, arguments);
    case KvType::kFloat16:
      return launch_type<KvType::kFloat16>(launched, arguments);
    case KvType::kInt8:
      return launch_type<KvType::kInt8>(launched, arguments);
  }
}

}  // namespace sparkllama::cuda
