// Attends over the KV cache, packs of query rows, segment by segment: the walk that all vector
// units share.
//
// An instruction set's file includes this with a unit `V` of an unnamed namespace, so that every
// function here is a copy of its own. V has:
//   score_tile, accumulate_tile  as cpu/kernels/attention_tile.h says
//   transpose_rows  [kPackRows][count] to [count][kPackRows], written in whole vectors
//   widen           elements of a type to floats; `count` is a multiple of 16
//   soft_cap        so many scores to cap * hyperbolic_tangent(score / cap)
//   largest         the largest of so many blocks' scores, looking past NaN
//   weigh           scores to exponential(score - maximum), times scales(block) where scaled;
//                   returns the sum before scaling, in 16 lanes and the fixed tree
//   merge           to = fma(to, x, from * y)
//   divide          output = totals / sum, for the first `count` elements
#pragma once

#include <cstring>

#include "base/math.h"
#include "cpu/kernels/attention_tile.h"

namespace sparkllama {
namespace {

inline int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
inline int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

// Positions [begin, end).
struct Span {
  int64_t begin;
  int64_t end;

  bool empty() const { return begin >= end; }
};

Span common(Span a, Span b) { return {larger(a.begin, b.begin), smaller(a.end, b.end)}; }

struct Rows {
  int64_t first;
  int64_t count;
};

// Neighbouring rows that go through the tiles together.
struct Pack {
  Rows rows;
  Span every;  // positions that all of its rows attend to
  Span any;    // from the first to the last position that one of its rows attends to
};

// A task with its scratch parted.
struct Attention {
  const AttentionTask& task;
  const KvLayer& kv;
  int64_t rows;         // row = token * group_size + head
  int64_t columns;      // head_dim, up to a multiple of 16
  bool widen_keys;      // once for all packs, into `widened`
  bool widen_values;    // once for all packs, or because their rows end within a vector
  float* weights;       // [rows, kWeightStride]: a segment's scores, then its weights
  float* queries;       // per pack [head_dim, kPackRows]
  float* accumulators;  // [rows, columns], of the segment
  float* running;       // [rows, columns]
  float* maximums;      // [rows], of the segment
  float* sums;          // [rows], of the segment
  float* run_maximums;  // [rows]
  float* run_sums;      // [rows]
  float* widened;       // [kTileBlocks, kKvBlockPositions, columns]

  explicit Attention(const AttentionTask& t) : task(t), kv(*t.kv) {
    rows = int64_t{task.num_tokens} * task.group_size;
    columns = (kv.head_dim + 15) / 16 * 16;
    widen_keys = rows > kPackRows && kv.type != KvType::kFloat32;
    widen_values = widen_keys || columns != kv.head_dim;
    const int64_t room = (rows + kPackRows - 1) / kPackRows * kPackRows;
    weights = task.scratch;
    queries = weights + room * kWeightStride;
    accumulators = queries + room * columns;
    running = accumulators + room * columns;
    widened = running + room * columns;
    maximums = widened + kTileBlocks * kKvBlockPositions * columns;
    sums = maximums + room;
    run_maximums = sums + room;
    run_sums = run_maximums + room;
  }

  Span token_span(int64_t token) const {
    const int64_t end = task.position + token + 1;
    return {task.window == 0 ? 0 : larger(0, end - task.window), end};
  }
  Span row_span(int64_t row) const { return token_span(row / task.group_size); }
  // Offset of a row in the queries and in the output.
  int64_t row_offset(int64_t row) const {
    return row / task.group_size * task.token_stride + row % task.group_size * kv.head_dim;
  }
  Pack pack(int64_t first_row) const {
    const int64_t count = smaller(kPackRows, rows - first_row);
    const Span first = row_span(first_row);
    const Span last = row_span(first_row + count - 1);
    return {{first_row, count}, {last.begin, first.end}, {first.begin, last.end}};
  }
  const uint8_t* part(KvSide side, int64_t block) const {
    return kv_part(kv, task.block_table[block], side, task.kv_head);
  }
  // Of the keys or values in scratch, or of those in the cache.
  TileType tile_type(bool widened_first) const {
    return widened_first ? TileType::kWidened : static_cast<TileType>(kv.type);
  }
  const uint8_t* elements(KvSide side, int64_t block) const {
    return part(side, block) + (kv.type == KvType::kInt8 ? kKvScaleBytes : 0);
  }
  const float* scales(KvSide side, int64_t block) const {
    return kv.type == KvType::kInt8 ? reinterpret_cast<const float*>(part(side, block)) : nullptr;
  }
};

int64_t first_block(Span span) { return span.begin / kKvBlockPositions; }
int64_t end_block(Span span) { return (span.end + kKvBlockPositions - 1) / kKvBlockPositions; }

void prefetch(const float* row, int64_t count) {
  for (int64_t i = 0; i < count; i += 16) __builtin_prefetch(row + i, 0, 3);
}

// Transposes each pack's queries; rows that a pack has not are like its last.
template <typename V>
void pack_queries(const Attention& a) {
  for (int64_t first = 0; first < a.rows; first += kPackRows) {
    const float* from[kPackRows];
    for (int64_t r = 0; r < kPackRows; ++r) {
      from[r] = a.task.queries + a.row_offset(smaller(first + r, a.rows - 1));
      // The next pack's rows may stand far apart.
      const int64_t next = smaller(first + kPackRows + r, a.rows - 1);
      prefetch(a.task.queries + a.row_offset(next), a.kv.head_dim);
    }
    // Columns reach beyond head_dim: whole vectors are written.
    V::transpose_rows(from, a.kv.head_dim, a.queries + first * a.columns);
  }
}

// Widens one block of values into rows of `columns`; what is beyond head_dim is of no value.
template <typename V>
void widen_values(const Attention& a, int64_t block, float* to) {
  const uint8_t* from = a.elements(KvSide::kValues, block);
  const int64_t head_dim = a.kv.head_dim;
  if (a.columns == head_dim) return V::widen(a.kv.type, from, kKvBlockPositions * head_dim, to);
  const int64_t size = a.kv.type == KvType::kFloat32 ? 4 : a.kv.type == KvType::kFloat16 ? 2 : 1;
  for (int64_t p = 0; p < kKvBlockPositions; ++p) {
    for (int64_t d = 0; d < head_dim; d += 16) {
      uint8_t padded[64] = {};
      std::memcpy(padded, from + (p * head_dim + d) * size,
                  static_cast<size_t>(smaller(16, head_dim - d) * size));
      V::widen(a.kv.type, padded, 16, to + p * a.columns + d);
    }
  }
}

// What is read after the keys of block b: those of the next tile, or the values of the span's first
// blocks. `from` is the tile's first block.
const uint8_t* after_keys(const Attention& a, int64_t b, int64_t from, Span span) {
  if (b + kTileBlocks < end_block(span)) return a.elements(KvSide::kKeys, b + kTileBlocks);
  if (from + kTileBlocks < end_block(span)) return a.elements(KvSide::kKeys, b);
  return a.elements(KvSide::kValues, first_block(span) + (b - from));
}

// Likewise after the values: the keys of the next segment come last.
const uint8_t* after_values(const Attention& a, int64_t b, int64_t from, Span span) {
  if (b + kTileBlocks < end_block(span)) return a.elements(KvSide::kValues, b + kTileBlocks);
  const int64_t next = end_block(span) + (b - from);
  const bool more = next * kKvBlockPositions < a.task.position + a.task.num_tokens;
  if (from + kTileBlocks < end_block(span) || !more) return a.elements(KvSide::kValues, b);
  return a.elements(KvSide::kKeys, next);
}

// Writes the scores of all rows over a span of one segment, and of the rest of its blocks.
template <typename V>
void score_segment(const Attention& a, int64_t segment, Span span) {
  for (int64_t from = first_block(span); from < end_block(span); from += kTileBlocks) {
    const int64_t to = smaller(from + kTileBlocks, end_block(span));
    const uint8_t* keys[kTileBlocks];
    for (int64_t b = from; b < to; ++b) {
      keys[b - from] = a.elements(KvSide::kKeys, b);
      if (!a.widen_keys) continue;
      float* wide = a.widened + (b - from) * kKvBlockPositions * a.kv.head_dim;
      V::widen(a.kv.type, keys[b - from], kKvBlockPositions * a.kv.head_dim, wide);
      keys[b - from] = reinterpret_cast<const uint8_t*>(wide);
    }
    for (int64_t row = 0; row < a.rows; row += kPackRows) {
      const Pack pack = a.pack(row);
      const int64_t first = larger(from, first_block(pack.any));
      const int64_t end = smaller(to, end_block(pack.any));
      if (first >= end) continue;
      ScoreTile tile;
      for (int64_t b = first; b < end; ++b) {
        tile.keys[b - first] = keys[b - from];
        tile.scales[b - first] = a.scales(KvSide::kKeys, b);
        tile.ahead[b - first] = after_keys(a, b, from, span);
      }
      tile.blocks = end - first;
      tile.head_dim = a.kv.head_dim;
      tile.rows = pack.rows.count;
      tile.queries = a.queries + row * a.columns;
      tile.scale = a.task.scale;
      tile.scores = a.weights + row * kWeightStride + (first * kKvBlockPositions - segment);
      V::score_tile(a.tile_type(a.widen_keys), tile);
    }
  }
}

// Turns one row's scores into weights in place, and for kInt8 into weights times value scales.
template <typename V, bool kScaled>
void weigh_row(const Attention& a, int64_t row, int64_t segment, Span span) {
  const int64_t first = first_block(span);
  const int64_t blocks = end_block(span) - first;
  float* scores = a.weights + row * kWeightStride + (first * kKvBlockPositions - segment);
  if (a.task.soft_cap != 0.0f) V::soft_cap(scores, a.task.soft_cap, blocks * kKvBlockPositions);
  // Positions of the outer blocks that the row does not attend to: weight 0, which changes no sum.
  // (Where all others are -inf or NaN, so that these become NaN, the sum is NaN as it is.)
  const int64_t end = span.end - first * kKvBlockPositions;
  for (int64_t i = 0; i < span.begin % kKvBlockPositions; ++i) scores[i] = -__builtin_inff();
  for (int64_t i = end; i < blocks * kKvBlockPositions; ++i) scores[i] = -__builtin_inff();
  a.maximums[row] = V::largest(scores, blocks);
  a.sums[row] = V::template weigh<kScaled>(scores, blocks, a.maximums[row], [&](int64_t b) {
    return a.scales(KvSide::kValues, first + b);
  });
}

template <typename V>
void weigh_segment(const Attention& a, int64_t segment) {
  const Span whole = {segment, segment + kAttentionSegment};
  int64_t row = 0;
  for (int64_t t = 0; t < a.task.num_tokens; ++t) {
    const Span span = common(a.token_span(t), whole);
    for (int64_t h = 0; h < a.task.group_size; ++h, ++row) {
      if (span.empty()) continue;
      if (a.kv.type == KvType::kInt8) {
        weigh_row<V, true>(a, row, segment, span);
      } else {
        weigh_row<V, false>(a, row, segment, span);
      }
    }
  }
}

// Goes on with the chains of rows over positions that all of them attend to; the tile has the
// values of the blocks from position `from` on.
template <typename V>
void accumulate_rows(const Attention& a, ValueTile& tile, Rows rows, int64_t segment, int64_t from,
                     Span span) {
  if (span.empty()) return;
  tile.begin = span.begin - from;
  tile.end = span.end - from;
  tile.rows = rows.count;
  tile.weights = a.weights + rows.first * kWeightStride + (from - segment);
  tile.accumulators = a.accumulators + rows.first * a.columns;
  V::accumulate_tile(a.tile_type(a.widen_values), tile);
}

// As accumulate_rows, for a pack and all positions of the span.
template <typename V>
void accumulate_pack(const Attention& a, ValueTile& tile, const Pack& pack, int64_t segment,
                     int64_t from, Span span) {
  const Span any = common(pack.any, span);
  const Span every = common(pack.every, span);
  if (any.empty()) return;
  if (every.begin == any.begin && every.end == any.end) {
    accumulate_rows<V>(a, tile, pack.rows, segment, from, every);
    return;
  }
  // Rows whose positions begin earlier or end later go on alone there, in order of positions.
  for (int64_t r = pack.rows.first; r < pack.rows.first + pack.rows.count; ++r) {
    const Span own = common(a.row_span(r), span);
    const Span before = every.empty() ? own : Span{own.begin, every.begin};
    accumulate_rows<V>(a, tile, {r, 1}, segment, from, before);
  }
  if (every.empty()) return;
  accumulate_rows<V>(a, tile, pack.rows, segment, from, every);
  for (int64_t r = pack.rows.first; r < pack.rows.first + pack.rows.count; ++r) {
    const Span own = common(a.row_span(r), span);
    accumulate_rows<V>(a, tile, {r, 1}, segment, from, {every.end, own.end});
  }
}

// Sums weights times values of all rows over a span of one segment.
template <typename V>
void accumulate_segment(const Attention& a, int64_t segment, Span span) {
  std::memset(a.accumulators, 0, static_cast<size_t>(a.rows * a.columns) * sizeof(float));
  ValueTile tile;
  tile.columns = a.columns;
  for (int64_t block = first_block(span); block < end_block(span); block += kTileBlocks) {
    const int64_t end = smaller(block + kTileBlocks, end_block(span));
    for (int64_t b = block; b < end; ++b) {
      tile.values[b - block] = a.elements(KvSide::kValues, b);
      tile.ahead[b - block] = after_values(a, b, block, span);
      if (!a.widen_values) continue;
      float* wide = a.widened + (b - block) * kKvBlockPositions * a.columns;
      widen_values<V>(a, b, wide);
      tile.values[b - block] = reinterpret_cast<const uint8_t*>(wide);
    }
    const int64_t from = block * kKvBlockPositions;
    const Span here = common(span, {from, end * kKvBlockPositions});
    for (int64_t row = 0; row < a.rows; row += kPackRows) {
      accumulate_pack<V>(a, tile, a.pack(row), segment, from, here);
    }
  }
}

// Adds one row's segment to what its earlier segments gave.
template <typename V>
void merge_row(const Attention& a, int64_t row) {
  const float before = a.run_maximums[row];
  const float next = a.maximums[row];
  const float maximum = next > before ? next : before;
  const float x = exponential(before - maximum);
  const float y = exponential(next - maximum);
  V::merge(a.running + row * a.columns, x, a.accumulators + row * a.columns, y, a.columns);
  a.run_maximums[row] = maximum;
  a.run_sums[row] = __builtin_fmaf(a.run_sums[row], x, a.sums[row] * y);
}

template <typename V>
void merge_segment(const Attention& a, int64_t segment, Span whole) {
  int64_t row = 0;
  for (int64_t t = 0; t < a.task.num_tokens; ++t) {
    const Span span = a.token_span(t);
    for (int64_t h = 0; h < a.task.group_size; ++h, ++row) {
      if (common(span, whole).empty()) continue;
      if (span.begin < segment) {
        merge_row<V>(a, row);
        continue;
      }
      std::memcpy(a.running + row * a.columns, a.accumulators + row * a.columns,
                  static_cast<size_t>(a.columns) * sizeof(float));
      a.run_maximums[row] = a.maximums[row];
      a.run_sums[row] = a.sums[row];
    }
  }
}

template <typename V>
void divide(const Attention& a) {
  int64_t row = 0;
  for (int64_t t = 0; t < a.task.num_tokens; ++t) {
    float* output = a.task.output + t * a.task.token_stride;
    for (int64_t h = 0; h < a.task.group_size; ++h, ++row, output += a.kv.head_dim) {
      V::divide(a.running + row * a.columns, a.run_sums[row], output, a.kv.head_dim);
    }
  }
}

template <typename V>
void walk_attention(const AttentionTask& task) {
  const Attention a(task);
  pack_queries<V>(a);
  const Span all = {a.token_span(0).begin, a.token_span(task.num_tokens - 1).end};
  for (int64_t segment = all.begin / kAttentionSegment * kAttentionSegment; segment < all.end;
       segment += kAttentionSegment) {
    const Span whole = {segment, segment + kAttentionSegment};
    const Span span = common(all, whole);
    score_segment<V>(a, segment, span);
    weigh_segment<V>(a, segment);
    accumulate_segment<V>(a, segment, span);
    merge_segment<V>(a, segment, whole);
  }
  divide<V>(a);
}

}  // namespace
}  // namespace sparkllama
