#include "cuda/kernels/attention.h"
#include "cuda/kernels/attention_work.h"
#include "cuda/kernels/segment_attention.h"
#include "cuda/kernels/tile_attention.h"

namespace sparkllama::cuda {
namespace {

constexpr int64_t kBorder = 256;

int64_t whole_lines(int64_t bytes) { return (bytes + kBorder - 1) / kBorder * kBorder; }

}  // namespace

bool is_attention_head(int32_t head_dimension, KvType type, int64_t shared_bytes) {
  return head_dimension >= 8 && head_dimension <= kMostHeadDimension && head_dimension % 8 == 0 &&
         most_segment_rows(head_dimension, type, shared_bytes) > 0 &&
         tile_shared_bytes(head_dimension, type) <= shared_bytes;
}

int64_t attention_scratch_bytes(const AttentionShape& most, int32_t multiprocessors,
                                int32_t head_count, int32_t head_dimension) {
  return whole_lines(segment_scratch_bytes(most, head_count, head_dimension)) +
         tile_scratch_bytes(most, multiprocessors, head_count);
}

void launch_attention(const AttentionLaunch& launch, const DeviceStep& step,
                      const AttentionRows& rows, int32_t head_count) {
  AttentionWork work;
  work.step = step;
  work.kv = rows.kv;
  work.block_tables =
      step.block_tables + rows.kv_group * step.table_sequences * step.blocks_per_sequence;
  work.window = rows.window;
  work.head_count = head_count;
  work.group_size = head_count / rows.kv.kv_heads;
  work.few_rows = most_segment_rows(rows.kv.head_dim, rows.kv.type, launch.shared_bytes);
  work.queries = rows.queries;
  work.output = rows.output;
  work.scale = rows.scale;
  work.soft_cap = rows.soft_cap;
  attend_segments(launch, work, launch.scratch);
  if (launch.shape.longest > 1) {
    const int64_t segments = segment_scratch_bytes(launch.shape, head_count, rows.kv.head_dim);
    attend_tiles(launch, work, launch.scratch + whole_lines(segments));
  }
}

}  // namespace sparkllama::cuda
