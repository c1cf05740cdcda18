// Attends over the KV cache, segment by segment (the merge is that of Dao et al., FlashAttention).

#include <algorithm>
#include <limits>

#include "base/math.h"
#include "cpu/kernels/reference/kv_rows.h"
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

const std::byte* row_at(const AttentionTask& task, KvPart part, int64_t position) {
  const KvLayer& kv = *task.kv;
  const int64_t block = task.block_table[position / kv.block_size];
  return kv_row(kv, block, part, task.kv_head, position % kv.block_size);
}

float score(const AttentionTask& task, const float* query, int64_t position) {
  const KvLayer& kv = *task.kv;
  const std::byte* key = row_at(task, KvPart::kKeys, position);
  float lanes[16] = {};
  for (int64_t d = 0; d < kv.head_dim; ++d) {
    lanes[d % 16] = __builtin_fmaf(query[d], kv_element(kv, key, d), lanes[d % 16]);
  }
  const float dot = sum_lanes(lanes);
  const float key_scale = kv_row_scale(kv, key);
  return kv.type == KvType::kInt8 ? (dot * key_scale) * task.scale : dot * task.scale;
}

// Attends over one span alone. weights is [span], accumulator [head_dim].
Softmax attend_span(const AttentionTask& task, const float* query, Span span, float* weights,
                    float* accumulator) {
  const KvLayer& kv = *task.kv;
  float maximum = -std::numeric_limits<float>::infinity();
  for (int64_t p = span.begin; p < span.end; ++p) {
    const float s = score(task, query, p);
    weights[p - span.begin] = s;
    maximum = s > maximum ? s : maximum;
  }
  float lanes[16] = {};
  std::fill_n(accumulator, kv.head_dim, 0.0f);
  for (int64_t p = span.begin; p < span.end; ++p) {
    const float weight = exponential(weights[p - span.begin] - maximum);
    lanes[p % 16] += weight;
    const std::byte* value = row_at(task, KvPart::kValues, p);
    const float factor = kv.type == KvType::kInt8 ? weight * kv_row_scale(kv, value) : weight;
    for (int64_t d = 0; d < kv.head_dim; ++d) {
      accumulator[d] = __builtin_fmaf(factor, kv_element(kv, value, d), accumulator[d]);
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

}  // namespace

void attention(const AttentionTask& task) {
  const int64_t head_dim = task.kv->head_dim;
  float* weights = task.scratch;
  float* accumulator = task.scratch + kAttentionSegment;
  for (int64_t h = 0; h < task.group_size; ++h) {
    const float* query = task.queries + h * head_dim;
    float* output = task.output + h * head_dim;
    std::fill_n(output, head_dim, 0.0f);
    if (task.first_position >= task.context_length) continue;
    Softmax running = {};
    for (int64_t p = task.first_position; p < task.context_length;) {
      const int64_t segment_end = (p / kAttentionSegment + 1) * kAttentionSegment;
      const Span span = {p, std::min<int64_t>(segment_end, task.context_length)};
      if (p == task.first_position) {
        running = attend_span(task, query, span, weights, output);
      } else {
        const Softmax next = attend_span(task, query, span, weights, accumulator);
        running = merge(running, next, accumulator, head_dim, output);
      }
      p = span.end;
    }
    for (int64_t d = 0; d < head_dim; ++d) output[d] = output[d] / running.sum;
  }
}

}  // namespace sparkllama::reference
