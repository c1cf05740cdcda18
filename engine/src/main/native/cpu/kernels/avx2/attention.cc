// Attends over the KV cache; the query heads of a group read each key and value row together.

#include "base/math.h"
#include "cpu/kernels/avx2/avx2_kernels.h"
#include "cpu/kernels/avx2/kv_rows.h"

namespace sparkllama::avx2 {
namespace {

// Positions [begin, end) of one segment. Weights stand at position - segment, so that lanes of
// vectors are positions modulo 16.
struct Span {
  int64_t segment;
  int64_t begin;
  int64_t end;
};

// Softmaxes in progress, of all heads of the group.
struct Softmaxes {
  float* accumulators;  // [group_size, head_dim]
  float* maximums;      // [group_size]
  float* sums;          // [group_size]
};

// Finds rows by position: those of a block lie one after the other.
struct Rows {
  const AttentionTask& task;
  KvPart part;

  const uint8_t* at(int64_t position) const {
    const KvLayer& kv = *task.kv;
    return kv_row(kv, task.block_table[position / kv.block_size], part, task.kv_head,
                  position % kv.block_size);
  }
  // One past the last position of the block that holds `position`, at most `end`.
  int64_t run_end(int64_t position, int64_t end) const {
    const int64_t size = task.kv->block_size;
    return smaller((position / size + 1) * size, end);
  }
};

// scores[h, p - segment] for kHeads heads; queries [kHeads, head_dim], scores [kHeads, segment].
template <typename Kv, int kHeads>
void score_span(const AttentionTask& task, Span span, const float* queries, float* scores) {
  const Rows keys = {task, KvPart::kKeys};
  const int64_t head_dim = task.kv->head_dim;
  const int64_t whole = head_dim / 16 * 16;
  for (int64_t p = span.begin; p < span.end;) {
    const int64_t run_end = keys.run_end(p, span.end);
    const uint8_t* row = keys.at(p);
    for (; p < run_end; ++p, row += task.kv->row_bytes) {
      __m256 low[kHeads];
      __m256 high[kHeads];
      for (int h = 0; h < kHeads; ++h) low[h] = high[h] = _mm256_setzero_ps();
      for (int64_t d = 0; d < whole; d += 16) {
        const __m256 low_key = Kv::load(row, d);
        const __m256 high_key = Kv::load(row, d + 8);
        for (int h = 0; h < kHeads; ++h) {
          const float* query = queries + h * head_dim + d;
          low[h] = _mm256_fmadd_ps(_mm256_loadu_ps(query), low_key, low[h]);
          high[h] = _mm256_fmadd_ps(_mm256_loadu_ps(query + 8), high_key, high[h]);
        }
      }
      // Lanes beyond the row would add zero times zero, which turns -0 into 0: they keep theirs.
      for (int64_t d = whole; d < head_dim; d += 8) {
        const int64_t count = smaller(8, head_dim - d);
        const __m256 key = Kv::load_part(row, d, count);
        const __m256 mask = _mm256_castsi256_ps(lane_mask(count));
        for (int h = 0; h < kHeads; ++h) {
          __m256& lanes = d == whole ? low[h] : high[h];
          const __m256 query = load_lanes(queries + h * head_dim + d, count);
          lanes = _mm256_blendv_ps(lanes, _mm256_fmadd_ps(query, key, lanes), mask);
        }
      }
      for (int h = 0; h < kHeads; ++h) {
        float dot = sum_lanes(low[h], high[h]);
        if constexpr (Kv::kScaled) dot = dot * kv_row_scale(row);
        scores[h * kAttentionSegment + p - span.segment] = dot * task.scale;
      }
    }
  }
}

// Turns one head's scores into weights in place.
void weigh(Span span, float* scores, float& softmax_maximum, float& softmax_sum) {
  const float kLowest = -__builtin_inff();
  const int64_t begin = span.begin - span.segment;
  const int64_t end = span.end - span.segment;
  const int64_t first = begin / 16 * 16;
  const int64_t last = (end + 15) / 16 * 16;
  // Positions of the outer vectors that are not attended to get weight 0.
  for (int64_t i = first; i < begin; ++i) scores[i] = kLowest;
  for (int64_t i = end; i < last; ++i) scores[i] = kLowest;
  __m256 largest = _mm256_set1_ps(kLowest);
  for (int64_t i = first; i < last; i += 8) {
    // The second operand is the result where a score is NaN.
    largest = _mm256_max_ps(_mm256_loadu_ps(scores + i), largest);
  }
  alignas(32) float lanes[8];
  _mm256_store_ps(lanes, largest);
  float maximum = kLowest;
  for (int i = 0; i < 8; ++i) maximum = lanes[i] > maximum ? lanes[i] : maximum;

  const __m256 maximums = _mm256_set1_ps(maximum);
  __m256 low = _mm256_setzero_ps();
  __m256 high = _mm256_setzero_ps();
  for (int64_t i = first; i < last; i += 16) {
    const __m256 a = exponential(_mm256_sub_ps(_mm256_loadu_ps(scores + i), maximums));
    const __m256 b = exponential(_mm256_sub_ps(_mm256_loadu_ps(scores + i + 8), maximums));
    _mm256_storeu_ps(scores + i, a);
    _mm256_storeu_ps(scores + i + 8, b);
    low = _mm256_add_ps(low, a);
    high = _mm256_add_ps(high, b);
  }
  softmax_maximum = maximum;
  softmax_sum = sum_lanes(low, high);
}

// Multiplies the weights of all heads by the values' scales.
void apply_value_scales(const AttentionTask& task, Span span, float* weights) {
  const Rows values = {task, KvPart::kValues};
  for (int64_t p = span.begin; p < span.end;) {
    const int64_t run_end = values.run_end(p, span.end);
    const uint8_t* row = values.at(p);
    for (; p < run_end; ++p, row += task.kv->row_bytes) {
      const float scale = kv_row_scale(row);
      float* weight = weights + p - span.segment;
      for (int64_t h = 0; h < task.group_size; ++h) weight[h * kAttentionSegment] *= scale;
    }
  }
}

// A part of the value rows: kVectors vectors from `column` on; `count` elements where it is the
// last vector and not whole.
struct ValueColumns {
  int64_t column;
  int64_t count;
};

// accumulators[h, d] = chain over the span of weights[h, p] * value[p][d].
template <typename Kv, int kHeads, int kVectors, bool kWhole>
void accumulate(const AttentionTask& task, Span span, ValueColumns part, const float* weights,
                float* accumulators) {
  const Rows values = {task, KvPart::kValues};
  __m256 acc[kHeads][kVectors];
  for (int h = 0; h < kHeads; ++h) {
    for (int v = 0; v < kVectors; ++v) acc[h][v] = _mm256_setzero_ps();
  }
  for (int64_t p = span.begin; p < span.end;) {
    const int64_t run_end = values.run_end(p, span.end);
    const uint8_t* row = values.at(p);
    for (; p < run_end; ++p, row += task.kv->row_bytes) {
      const float* weight = weights + p - span.segment;
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) {
        const __m256 value = kWhole ? Kv::load(row, part.column + 8 * v)
                                    : Kv::load_part(row, part.column, part.count);
#pragma GCC unroll 8
        for (int h = 0; h < kHeads; ++h) {
          const __m256 w = _mm256_broadcast_ss(weight + h * kAttentionSegment);
          acc[h][v] = _mm256_fmadd_ps(w, value, acc[h][v]);
        }
      }
    }
  }
  float* to = accumulators + part.column;
  for (int h = 0; h < kHeads; ++h) {
    for (int v = 0; v < kVectors; ++v) {
      store_lanes(to + h * task.kv->head_dim + 8 * v, kWhole ? 8 : part.count, acc[h][v]);
    }
  }
}

// As accumulate, over the whole width of the rows.
template <typename Kv, int kHeads>
void accumulate_rows(const AttentionTask& task, Span span, const float* weights,
                     float* accumulators) {
  constexpr int kVectors = kHeads == 1 ? 8 : kHeads == 2 ? 4 : 2;
  const int64_t head_dim = task.kv->head_dim;
  int64_t d = 0;
  for (; d + 8 * kVectors <= head_dim; d += 8 * kVectors) {
    accumulate<Kv, kHeads, kVectors, true>(task, span, {d, 8}, weights, accumulators);
  }
  for (; d + 8 <= head_dim; d += 8) {
    accumulate<Kv, kHeads, 1, true>(task, span, {d, 8}, weights, accumulators);
  }
  if (d < head_dim) {
    const ValueColumns rest = {d, head_dim - d};
    accumulate<Kv, kHeads, 1, false>(task, span, rest, weights, accumulators);
  }
}

template <typename Kv>
void score_group(const AttentionTask& task, Span span, float* scores) {
  const int64_t head_dim = task.kv->head_dim;
  for (int64_t h = 0; h < task.group_size; h += 4) {
    const float* queries = task.queries + h * head_dim;
    float* to = scores + h * kAttentionSegment;
    switch (smaller(4, task.group_size - h)) {
      case 1:
        score_span<Kv, 1>(task, span, queries, to);
        break;
      case 2:
        score_span<Kv, 2>(task, span, queries, to);
        break;
      case 3:
        score_span<Kv, 3>(task, span, queries, to);
        break;
      default:
        score_span<Kv, 4>(task, span, queries, to);
    }
  }
}

template <typename Kv>
void accumulate_group(const AttentionTask& task, Span span, const float* weights,
                      float* accumulators) {
  for (int64_t h = 0; h < task.group_size; h += 4) {
    const float* from = weights + h * kAttentionSegment;
    float* to = accumulators + h * task.kv->head_dim;
    switch (smaller(4, task.group_size - h)) {
      case 1:
        accumulate_rows<Kv, 1>(task, span, from, to);
        break;
      case 2:
        accumulate_rows<Kv, 2>(task, span, from, to);
        break;
      case 3:
        accumulate_rows<Kv, 3>(task, span, from, to);
        break;
      default:
        accumulate_rows<Kv, 4>(task, span, from, to);
    }
  }
}

// Attends over one span alone. weights is [group_size, kAttentionSegment].
template <typename Kv>
void attend_span(const AttentionTask& task, Span span, float* weights, const Softmaxes& softmaxes) {
  score_group<Kv>(task, span, weights);
  for (int64_t h = 0; h < task.group_size; ++h) {
    weigh(span, weights + h * kAttentionSegment, softmaxes.maximums[h], softmaxes.sums[h]);
  }
  if constexpr (Kv::kScaled) apply_value_scales(task, span, weights);
  accumulate_group<Kv>(task, span, weights, softmaxes.accumulators);
}

// Adds a span's softmax of head h to the running one.
void merge(const Softmaxes& running, const Softmaxes& span, int64_t h, int64_t head_dim) {
  const float maximum =
      span.maximums[h] > running.maximums[h] ? span.maximums[h] : running.maximums[h];
  const float a = sparkllama::exponential(running.maximums[h] - maximum);
  const float b = sparkllama::exponential(span.maximums[h] - maximum);
  const __m256 va = _mm256_set1_ps(a);
  const __m256 vb = _mm256_set1_ps(b);
  float* to = running.accumulators + h * head_dim;
  const float* from = span.accumulators + h * head_dim;
  for (int64_t d = 0; d < head_dim; d += 8) {
    const int64_t count = head_dim - d;
    const __m256 added = _mm256_mul_ps(load_lanes(from + d, count), vb);
    store_lanes(to + d, count, _mm256_fmadd_ps(load_lanes(to + d, count), va, added));
  }
  running.maximums[h] = maximum;
  running.sums[h] = __builtin_fmaf(running.sums[h], a, span.sums[h] * b);
}

// output = accumulator / sum, in place.
void divide(float* output, int64_t head_dim, float sum) {
  const __m256 sums = _mm256_set1_ps(sum);
  for (int64_t d = 0; d < head_dim; d += 8) {
    const int64_t count = head_dim - d;
    store_lanes(output + d, count, _mm256_div_ps(load_lanes(output + d, count), sums));
  }
}

template <typename Kv>
void attend(const AttentionTask& task) {
  const int64_t head_dim = task.kv->head_dim;
  const int64_t group = task.group_size;
  float* weights = task.scratch;
  float* accumulators = weights + group * kAttentionSegment;
  float* numbers = accumulators + group * head_dim;
  const Softmaxes running = {task.output, numbers, numbers + group};
  const Softmaxes next = {accumulators, numbers + 2 * group, numbers + 3 * group};
  for (int64_t p = task.first_position; p < task.context_length;) {
    const int64_t segment = p / kAttentionSegment * kAttentionSegment;
    const Span span = {segment, p, smaller(segment + kAttentionSegment, task.context_length)};
    if (p == task.first_position) {
      attend_span<Kv>(task, span, weights, running);
    } else {
      attend_span<Kv>(task, span, weights, next);
      for (int64_t h = 0; h < group; ++h) merge(running, next, h, head_dim);
    }
    p = span.end;
  }
  for (int64_t h = 0; h < group; ++h) {
    divide(task.output + h * head_dim, head_dim, running.sums[h]);
  }
}

}  // namespace

void attention(const AttentionTask& task) {
  if (task.first_position >= task.context_length) {
    std::memset(task.output, 0,
                static_cast<size_t>(task.group_size * task.kv->head_dim) * sizeof(float));
    return;
  }
  switch (task.kv->type) {
    case KvType::kFloat32:
      return attend<KvFloat32>(task);
    case KvType::kFloat16:
      return attend<KvFloat16>(task);
    case KvType::kInt8:
      return attend<KvInt8>(task);
  }
}

}  // namespace sparkllama::avx2
