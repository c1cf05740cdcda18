// Declares the operations of a forward pass as a table of functions, one table per instruction set.
//
// Every table gives the same bits as the reference table: the order of arithmetic is part of each
// operation's contract below, and a test walks every entry against the reference.
// Kernels allocate nothing, throw nothing and keep no state.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/tensor_type.h"

namespace sparkllama {

// How the activations that meet a weight type are prepared.
enum class ActivationFormat : int32_t {
  kFloat32 = 0,   // as they are: F32, F16, BF16 weights
  kInt8Block32,   // int8 with a scale per 32: Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 IQ4_NL
  kInt8Block256,  // int8 with a scale per 256: Q2_K Q3_K Q4_K Q5_K Q6_K IQ4_XS
};

// Activations of a step, prepared once and read by every matrix product that takes them.
// code = round-half-even(x / scale), scale = amax / 127 over the block (all zero: scale 0, codes 0).
struct Activations {
  const float* values;   // [num_rows, columns]; always present
  const int8_t* codes;   // [num_rows, columns]; null for kFloat32
  const float* scales;   // [num_rows, columns / block]
  const int32_t* sums;   // kInt8Block32: [num_rows, columns / 32]; kInt8Block256: [num_rows, columns / 16]: sums of codes
  int64_t columns;
};

// A weight matrix as it lies in the GGUF file.
struct WeightMatrix {
  TensorType type;
  const std::byte* data;  // [rows, row_bytes]
  int64_t rows;           // outputs
  int64_t columns;        // inputs
  int64_t row_bytes;
};

enum class KvType : int32_t { kFloat32 = 0, kFloat16 = 1, kInt8 = 2 };

// The KV pool of one layer: keys, then values, per block.
// A row is one position of one head: head_dim elements (kInt8: a float32 scale, then head_dim codes).
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
  float* output;   // [group_size, head_dim]
};

// Attention runs over segments of this many absolute positions, merged from left to right.
constexpr int32_t kAttentionSegment = 1024;

// Floats of scratch that one attention task needs.
constexpr int64_t attention_scratch_floats(int64_t group_size, int64_t head_dim) {
  // scores of a segment and an accumulator, per head; one key or value row widened to float
  return group_size * (kAttentionSegment + head_dim) + head_dim + 64;
}

struct RopePair {
  float cosine;
  float sine;
};

struct KernelTable {
  const char* name;  // "reference", "avx2"

  // y[t, r] for t in [0, num_rows) and r in [row_begin, row_end): weights row r times activations row t.
  // Float types: one chain of fused multiply-adds over k = 0 .. columns-1 from 0, weights widened to float32.
  // Quantized types: per block in order, acc = fma(float(integer dot), weight scale * activation scale, acc),
  // integer arithmetic exact; types with a minimum then acc = fma(-minimum term, ..., acc) per block in order.
  // The exact expression per type stands in cpu/kernels/reference/matrix_product.cc.
  void (*matrix_product)(const WeightMatrix& weights, int64_t row_begin, int64_t row_end,
                         const Activations& activations, int64_t num_rows, float* y, int64_t y_stride);

  // Quantizes one row. `columns` is a multiple of the block.
  void (*quantize_block32)(const float* x, int64_t columns, int8_t* codes, float* scales, int32_t* sums);
  void (*quantize_block256)(const float* x, int64_t columns, int8_t* codes, float* scales, int32_t* sums);

  // out[i] = x[i] * (1 / sqrt(mean(x^2) + epsilon)) * weight[i]; the sum runs in 16 lanes (lane = i mod 16),
  // each a chain of fused multiply-adds, then a fixed tree: lane l += lane l+8, then 4, 2, 1.
  void (*rms_norm)(const float* x, const float* weight, float epsilon, int64_t columns, float* out);

  // Rotates the leading rope_dim elements of each head in place; pairs is [rope_dim / 2].
  void (*rope_adjacent)(float* heads, int64_t num_heads, int64_t head_dim, int64_t rope_dim, const RopePair* pairs);
  void (*rope_halves)(float* heads, int64_t num_heads, int64_t head_dim, int64_t rope_dim, const RopePair* pairs);

  // gate[i] = silu(gate[i]) * up[i], silu(v) = v / (1 + exp(-v)) with the project's exp.
  void (*swiglu)(float* gate, const float* up, int64_t columns);

  // x[i] += y[i]
  void (*add)(float* x, const float* y, int64_t columns);

  // Writes one position's keys and values, [kv_heads, head_dim] each, to slot = block * block_size + offset.
  void (*kv_write)(const KvLayer& kv, int64_t slot, const float* keys, const float* values);

  // Reads keys and values back from the cache, always.
  void (*attention)(const AttentionTask& task);

  // Widens one weight row to float32.
  void (*dequantize_row)(const WeightMatrix& weights, int64_t row, float* out);
};

}  // namespace sparkllama
