#include <algorithm>

#include "cuda/kernels/segment_attention.h"
#include "cuda/kernels/segment_reader.h"

namespace sparkllama::cuda {
namespace {

using namespace segments;

template <KvType kType, int kRows>
__global__ void __launch_bounds__(kMostHeadDimension, 2) read_segments(SegmentArguments arguments) {
  const AttentionWork& work = arguments.work;
  const auto count = [&](int32_t s) -> int32_t {
    const SequenceWork sequence(work.step, s);
    if (sequence.reader(work) != arguments.reader) return 0;
    return segment_count(sequence, work.window) * row_tiles(sequence, work.group_size, kRows) *
           work.kv.kv_heads;
  };
  const int32_t sequences = *work.step.num_sequences;
  for (int32_t number = static_cast<int32_t>(blockIdx.x);;
       number += static_cast<int32_t>(gridDim.x)) {
    const AttentionItem item = find_item(sequences, number, count);
    if (item.sequence < 0) return;
    SegmentReader<kType, kRows>(arguments, item).read();
  }
}

// Merges the segments of one head of one sequence, left to right; a thread has one element.
__global__ void merge_segments(SegmentArguments arguments) {
  const AttentionWork& work = arguments.work;
  const auto sequence_index = static_cast<int32_t>(blockIdx.x);
  const auto head = static_cast<int32_t>(blockIdx.y);
  const auto column = static_cast<int32_t>(threadIdx.x);
  const int32_t head_dim = work.kv.head_dim;
  if (sequence_index >= *work.step.num_sequences || column >= head_dim) return;
  const SequenceWork sequence(work.step, sequence_index);
  const int32_t segments = segment_count(sequence, work.window);
  if (sequence.reader(work) != AttentionReader::kOneToken || segments == 1) {
    return;
  }
  const SegmentScratch& scratch = arguments.scratch;
  const float* row = scratch.row(sequence_index, 0, head);
  const int64_t step = scratch.row(sequence_index, 1, head) - row;
  RowSoftmax running = {row[0], row[1]};
  float value = row[SegmentScratch::kSoftmaxFloats + column];
#pragma unroll 4
  for (int32_t segment = 1; segment < segments; ++segment) {
    row += step;
    const SoftmaxMerge merge(running, {row[0], row[1]});
    value = merge.accumulator(value, row[SegmentScratch::kSoftmaxFloats + column]);
    running = merge.merged;
  }
  work.output[(int64_t{sequence.first_token} * work.head_count + head) * head_dim + column] =
      value / running.sum;
}

int32_t segments_of(int32_t context) {
  return (context + kAttentionSegment - 1) / kAttentionSegment;
}

// The most blocks of a launch that find something to do.
int64_t most_items(const AttentionLaunch& launch, const SegmentArguments& arguments, int32_t rows) {
  const AttentionWork& work = arguments.work;
  const bool one = arguments.reader == AttentionReader::kOneToken;
  const int64_t tiles = one ? (work.group_size + rows - 1) / rows : 1;
  const int64_t segments = one ? segments_of(launch.shape.max_context) : 1;
  return launch.shape.max_sequences * segments * tiles * work.kv.kv_heads;
}

constexpr int32_t block_threads(int32_t head_dim) {
  return std::max(2 * kWarpSize, (head_dim + kWarpSize - 1) / kWarpSize * kWarpSize);
}

template <KvType kType, int kRows>
constexpr int64_t shared_bytes(int32_t head_dim) {
  return SegmentPlaces<kRows>::bytes(head_dim) +
         SegmentStaging<kType>::bytes(head_dim, block_threads(head_dim) / kWarpSize);
}

constexpr int32_t kMostRows = 16;  // of a block

template <KvType kType>
constexpr int32_t most_rows(int32_t head_dim, int64_t limit) {
  if (shared_bytes<kType, kMostRows>(head_dim) <= limit) return kMostRows;
  if (shared_bytes<kType, 8>(head_dim) <= limit) return 8;
  if (shared_bytes<kType, 4>(head_dim) <= limit) return 4;
  return shared_bytes<kType, 2>(head_dim) <= limit ? 2 : 0;
}

template <KvType kType, int kRows>
void launch_rows(const AttentionLaunch& launched, const SegmentArguments& arguments) {
  constexpr int64_t kBlocksPerMultiprocessor = 4;
  const int32_t head_dim = arguments.work.kv.head_dim;
  static_assert(shared_bytes<kType, kRows>(kMostHeadDimension) <= kSm80SharedBytes);
  const int32_t threads = block_threads(head_dim);
  const int64_t shared = shared_bytes<kType, kRows>(head_dim);
  // An odd number where blocks take several items: with one that a sequence's items divide, some
  // blocks would have all of a long sequence, and others all of a short one.
  const int64_t items = most_items(launched, arguments, kRows);
  const int64_t most = kBlocksPerMultiprocessor * launched.multiprocessors;
  const int64_t blocks = items <= most ? items : most - 1;
  prefer_shared_memory(read_segments<kType, kRows>);
  launch(read_segments<kType, kRows>,
         {dim3(static_cast<unsigned>(blocks)), dim3(static_cast<unsigned>(threads)),
          static_cast<size_t>(shared)},
         launched.stream, arguments);
}

template <KvType kType>
void launch_type(const AttentionLaunch& launched, const SegmentArguments& arguments, int32_t rows) {
  if (rows <= 2) return launch_rows<kType, 2>(launched, arguments);
  if (rows <= 4) return launch_rows<kType, 4>(launched, arguments);
  if (rows <= 8) return launch_rows<kType, 8>(launched, arguments);
  launch_rows<kType, kMostRows>(launched, arguments);
}

// `rows` is the most of a sequence that are taken at once.
void launch_reader(const AttentionLaunch& launched, const SegmentArguments& arguments,
                   int32_t rows) {
  switch (arguments.work.kv.type) {
    case KvType::kFloat32:
      return launch_type<KvType::kFloat32>(launched, arguments, rows);
    case KvType::kFloat16:
      return launch_type<KvType::kFloat16>(launched, arguments, rows);
    case KvType::kInt8:
      return launch_type<KvType::kInt8>(launched, arguments, rows);
  }
}

}  // namespace

int64_t segment_scratch_bytes(const AttentionShape& most, int32_t head_count, int32_t head_dim) {
  return int64_t{most.max_sequences} * segments_of(most.max_context) * head_count *
         (SegmentScratch::kSoftmaxFloats + head_dim) * static_cast<int64_t>(sizeof(float));
}

int32_t most_segment_rows(int32_t head_dim, KvType type, int64_t shared_bytes) {
  switch (type) {
    case KvType::kFloat32:
      return most_rows<KvType::kFloat32>(head_dim, shared_bytes);
    case KvType::kFloat16:
      return most_rows<KvType::kFloat16>(head_dim, shared_bytes);
    case KvType::kInt8:
      return most_rows<KvType::kInt8>(head_dim, shared_bytes);
  }
  return 0;
}

void attend_segments(const AttentionLaunch& launched, const AttentionWork& work,
                     std::byte* scratch) {
  SegmentArguments arguments;
  arguments.work = work;
  arguments.scratch = {reinterpret_cast<float*>(scratch), segments_of(launched.shape.max_context),
                       work.head_count, work.kv.head_dim};
  arguments.reader = AttentionReader::kOneToken;
  launch_reader(launched, arguments, std::min(work.group_size, work.few_rows));
  if (arguments.scratch.max_segments > 1) {
    const int32_t head_dim = work.kv.head_dim;
    const int32_t threads = (head_dim + kWarpSize - 1) / kWarpSize * kWarpSize;
    launch(merge_segments,
           {dim3(static_cast<unsigned>(launched.shape.max_sequences),
                 static_cast<unsigned>(work.head_count)),
            dim3(static_cast<unsigned>(threads))},
           launched.stream, arguments);
  }
  if (launched.shape.longest > 1 && 2 * work.group_size <= work.few_rows) {
    arguments.reader = AttentionReader::kFewRows;
    launch_reader(launched, arguments, work.few_rows);
  }
}

}  // namespace sparkllama::cuda
