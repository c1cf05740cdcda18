// Declares the operations of a forward pass as a table of functions, one table per instruction set.
//
// Every table gives the same bits as the reference table: the order of arithmetic is part of each
// operation's contract below, and a test walks every entry against the reference.
// Kernels allocate nothing, throw nothing and keep no state.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/activation_format.h"
#include "tensor/packed_layout.h"

namespace sparkllama {

// Activations of a step, prepared once and read by every matrix product that takes them.
//
// Per block: amax = max |x|, scale = amax / 127, code = round-half-even(x * (127 / amax)).
// A block with amax below 2^-100 counts as zero: scale 0, codes 0. A block that holds an infinity
// or a NaN has scale NaN and codes 0, so that every output it meets is NaN.
struct Activations {
  const float* values;  // [num_rows, columns]; read by float types only
  const int8_t* codes;  // [num_rows, columns], in [-127, 127]; null for kFloat32
  const float* scales;  // [num_rows, columns / block]
  // Sums of codes. kInt8Block32: [num_rows, columns / 32]; kInt8Block256: [num_rows, columns / 16].
  const int32_t* sums;
  const int16_t* sums32;  // kInt8Block256: [num_rows, columns / 32]; null for the others
  int64_t columns;
};

enum class KvType : int32_t { kFloat32 = 0, kFloat16 = 1, kInt8 = 2 };

// The KV pool of one layer: keys, then values, per block.
// A row is one position of one head: head_dim elements. kFloat16 rounds half to even; kInt8 is a
// float32 scale, then head_dim codes, as one block of Activations with head_dim columns.
// Rows of a block are laid out [2 (key, value), kv_heads, block_size].
struct KvLayer {
  KvType type;
  std::byte* data;  // [num_blocks, 2, kv_heads, block_size, row_bytes]
  int64_t row_bytes;
  int32_t kv_heads;
  int32_t head_dim;
  int32_t block_size;
};

// One token's attention within one group of query heads that share a KV head.
struct AttentionTask {
  const KvLayer* kv;
  const int32_t* block_table;  // [ceil(context_length / block_size)]
  int32_t kv_head;
  int32_t first_position;  // of the window; 0 without one
  int32_t context_length;  // positions [first_position, context_length) are attended to
  const float* queries;    // [group_size, head_dim]
  int32_t group_size;
  float scale;     // 1 / sqrt(head_dim)
  float* scratch;  // [attention_scratch_floats(group_size, head_dim)]
  float* output;   // [group_size, head_dim]; neither queries nor scratch
};

// Attention runs over segments of this many absolute positions, merged from left to right.
constexpr int32_t kAttentionSegment = 1024;

// Floats of scratch that one attention task needs.
constexpr int64_t attention_scratch_floats(int64_t group_size, int64_t head_dim) {
  // per head: a segment's weights, its accumulator, and its and the running maximum and sum
  return group_size * (kAttentionSegment + head_dim + 4);
}

struct RopePair {
  float cosine;
  float sine;
};

struct KernelTable {
  const char* name;  // "reference", "avx2"

  // y[t * y_stride + r] for t in [0, num_rows), r in [row_begin, row_end): weights row r times
  // activations row t. row_begin is a multiple of kPanelRows, and so is row_end where it is not
  // weights.rows. y holds [num_rows, y_stride] and does not overlap any input; nothing but those
  // elements is read or written. Zero columns give 0.
  // Float types: one chain of fused multiply-adds over k = 0 .. columns - 1 from 0, weights widened
  // to float32. Quantized types: per block in order, integer arithmetic exact,
  //   acc = fma(float(dot), weight scale * activation scale, acc)
  // and for types with a minimum a second such step. The exact expression per type stands in
  // cpu/kernels/reference/matrix_product.cc.
  void (*matrix_product)(const PackedMatrix& weights, int64_t row_begin, int64_t row_end,
                         const Activations& activations, int64_t num_rows, float* y,
                         int64_t y_stride);

  // Quantizes one row as Activations says. `columns` is a multiple of the block.
  void (*quantize_block32)(const float* x, int64_t columns, int8_t* codes, float* scales,
                           int32_t* sums);
  void (*quantize_block256)(const float* x, int64_t columns, int8_t* codes, float* scales,
                            int32_t* sums, int16_t* sums32);

  // out[i] = (x[i] * (1 / sqrt(sum / columns + epsilon))) * weight[i]; out may be x.
  // sum is of x^2 in 16 lanes (lane = i mod 16), each a chain of fused multiply-adds from 0, then a
  // fixed tree: lane l += lane l + 8, then 4, 2, 1.
  void (*rms_norm)(const float* x, const float* weight, float epsilon, int64_t columns, float* out);

  // Rotates the leading rope_dim elements of each head in place; pairs is [rope_dim / 2].
  // Pair j is elements (2 j, 2 j + 1), or (j, j + rope_dim / 2):
  // a' = fma(a, cosine, -(b * sine)), b' = fma(a, sine, b * cosine).
  void (*rope_adjacent)(float* heads, int64_t num_heads, int64_t head_dim, int64_t rope_dim,
                        const RopePair* pairs);
  void (*rope_halves)(float* heads, int64_t num_heads, int64_t head_dim, int64_t rope_dim,
                      const RopePair* pairs);

  // gate[i] = (v / (1 + exponential(-v))) * up[i] with v = gate[i].
  void (*swiglu)(float* gate, const float* up, int64_t columns);

  // x[i] += y[i]
  void (*add)(float* x, const float* y, int64_t columns);

  // Returns the sum of exponential(x[i] - shift) in float32, widened and added in float64 in 16
  // lanes (lane = i mod 16), then the tree of rms_norm. NaN where an element is.
  double (*sum_exponentials)(const float* x, float shift, int64_t columns);

  // Writes one position's keys and values, [kv_heads, head_dim] each, to
  // slot = block * block_size + offset.
  void (*kv_write)(const KvLayer& kv, int64_t slot, const float* keys, const float* values);

  // Reads keys and values back from the cache, always. Per query head and segment:
  //   score[p] = dot(query, key[p]) * scale, the dot in 16 lanes as in rms_norm
  //     (kInt8: the dot is with the codes, score[p] = (dot * key scale[p]) * scale);
  //   weight[p] = exponential(score[p] - maximum);
  //   sum in 16 lanes of additions, lane = p mod 16, and the same tree;
  //   accumulator[d] = a chain of fma(weight[p], value[p][d], ...) from 0 in order of p
  //     (kInt8: fma(weight[p] * value scale[p], code, ...)).
  // Segments merge left to right: with maximum m of both, a = exponential(running maximum - m),
  // b = exponential(maximum - m): running sum = fma(running sum, a, sum * b), accumulators alike.
  // output[d] = accumulator[d] / sum; zeros where there is no position to attend to.
  void (*attention)(const AttentionTask& task);

  // Widens one weight row to float32: code * scale (K types: code * (scale * sub-scale)), rounded,
  // then the minimum (K types: minimum * sub-minimum) added, rounded.
  void (*dequantize_row)(const PackedMatrix& weights, int64_t row, float* out);
};

}  // namespace sparkllama
