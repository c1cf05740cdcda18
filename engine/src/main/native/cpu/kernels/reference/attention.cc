// Attends over the KV cache, segment by segment (the merge is that of Dao et al., FlashAttention).

#include <algorithm>
#include <limits>

#include "base/math.h"
#include "cpu/kernels/reference/kv_part.h"
#include "cpu/kernels/reference/lane_tree.h"
#include "cpu/kernels/reference/reference_kernels.h"

namespace sparkllama::reference {
namespace {

// Positions [begin, end) of one segment.
struct Span {
  int64_t begin;
  int64_t end;
};

// A softmax in progress; its accumulator [head_dim] stands elsewhere.
struct Softmax {
  float maximum;
  float sum;
};

KvPart part_at(const AttentionTask& task, KvSide side, int64_t position) {
  const int64_t block = task.block_table[position / kKvBlockPositions];
  return KvPart(*task.kv, block, side, task.kv_head);
}

float score(const AttentionTask& task, const float* query, int64_t position) {
  const KvPart keys = part_at(task, KvSide::kKeys, position);
  const int64_t offset = position % kKvBlockPositions;
  float dot = 0.0f;
  for (int64_t d = 0; d < task.kv->head_dim; ++d) {
    dot = __builtin_fmaf(query[d], keys.element(offset, d), dot);
  }
  if (task.kv->type == KvType::kInt8) dot = dot * keys.scale(offset);
  const float scaled = dot * task.scale;
  if (task.soft_cap == 0.0f) return scaled;
  return task.soft_cap * hyperbolic_tangent(scaled / task.soft_cap);
}

// Attends over one span alone. weights is [span], accumulator [head_dim].
Softmax attend_span(const AttentionTask& task, const float* query, Span span, float* weights,
                    float* accumulator) {
  const int64_t head_dim = task.kv->head_dim;
  float maximum = -std::numeric_limits<float>::infinity();
  for (int64_t p = span.begin; p < span.end; ++p) {
    const float s = score(task, query, p);
    weights[p - span.begin] = s;
    maximum = s > maximum ? s : maximum;
  }
  float lanes[16] = {};
  std::fill_n(accumulator, head_dim, 0.0f);
  for (int64_t p = span.begin; p < span.end; ++p) {
    const float weight = exponential(weights[p - span.begin] - maximum);
    lanes[p % 16] += weight;
    const KvPart values = part_at(task, KvSide::kValues, p);
    const int64_t offset = p % kKvBlockPositions;
    const float factor = task.kv->type == KvType::kInt8 ? weight * values.scale(offset) : weight;
    for (int64_t d = 0; d < head_dim; ++d) {
      accumulator[d] = __builtin_fmaf(factor, values.element(offset, d), accumulator[d]);
    }
  }
  return {maximum, sum_lanes(lanes)};
}

// Adds a span's softmax to the running one.
Softmax merge(Softmax running, Softmax span, const float* accumulator, int64_t head_dim,
              float* output) {
  const float maximum = span.maximum > running.maximum ? span.maximum : running.maximum;
  const float a = exponential(running.maximum - maximum);
  const float b = exponential(span.maximum - maximum);
  for (int64_t d = 0; d < head_dim; ++d) {
    output[d] = __builtin_fmaf(output[d], a, accumulator[d] * b);
  }
  return {maximum, __builtin_fmaf(running.sum, a, span.sum * b)};
}

// Attends with one query over its positions.
void attend(const AttentionTask& task, const float* query, Span positions, float* output) {
  const int64_t head_dim = task.kv->head_dim;
  float* weights = task.scratch;
  float* accumulator = task.scratch + kAttentionSegment;
  Softmax running = {};
  for (int64_t p = positions.begin; p < positions.end;) {
    const int64_t segment_end = (p / kAttentionSegment + 1) * kAttentionSegment;
    const Span span = {p, std::min<int64_t>(segment_end, positions.end)};
    if (p == positions.begin) {
      running = attend_span(task, query, span, weights, output);
    } else {
      const Softmax next = attend_span(task, query, span, weights, accumulator);
      running = merge(running, next, accumulator, head_dim, output);
    }
    p = span.end;
  }
  for (int64_t d = 0; d < head_dim; ++d) output[d] = output[d] / running.sum;
}

}  // namespace

void attention(const AttentionTask& task) {
  for (int64_t t = 0; t < task.num_tokens; ++t) {
    const int64_t end = task.position + t + 1;
    const int64_t begin = task.window == 0 ? 0 : std::max<int64_t>(0, end - task.window);
    for (int64_t h = 0; h < task.group_size; ++h) {
      const int64_t at = t * task.token_stride + h * task.kv->head_dim;
      attend(task, task.queries + at, {begin, end}, task.output + at);
    }
  }
}

}  // namespace sparkllama::reference
