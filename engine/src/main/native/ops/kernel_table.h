// Declares the operations of a forward pass as a table of functions, one table per instruction set.
//
// Every table gives the same bits as the reference table: the order of arithmetic is part of each
// operation's contract below, and a test walks every entry against the reference.
// Kernels allocate nothing, throw nothing and keep no state.
#pragma once

#include <cstddef>
#include <cstdint>

#include "ops/activation_tiles.h"
#include "ops/scale_search.h"
#include "tensor/activation_format.h"
#include "tensor/packed_layout.h"

namespace sparkllama {

// Sums of 16 products of such codes with 6-bit ones, signed, fit into 16 bits.
constexpr int32_t kQuietSum = 1023;

// Activations of a step, prepared once and read by every matrix product that takes them.
//
// Per block: amax = max |x|, scale = amax / 127, code = round-half-even(x * (127 / amax)).
// A block with amax below 2^-100 counts as zero: scale 0, codes 0. A block that holds an infinity
// or a NaN has scale NaN and codes 0, so that every output it meets is NaN.
//
// Rows stand in tiles (ops/activation_tiles.h). The shapes below are those of one row, whose
// elements lie apart by the number of rows of its tile.
struct Activations {
  const float* values;    // [num_rows, columns], in no tiles; read by float types only
  const int8_t* codes;    // [columns], in [-127, 127]; null for kFloat32
  const float* scales;    // [columns / block]
  const int32_t* sums;    // of codes; kInt8Block32: [columns / 32]; kInt8Block256: [columns / 16]
  const int16_t* sums32;  // of codes; kInt8Block256: [columns / 64][2]; null for the others
  // kInt8Block256: [columns / 256], 1 where the magnitudes of 16 codes that a sum is of come to
  // more than kQuietSum, else 0; null for the others.
  const uint8_t* loud;
  int64_t columns;
  ActivationTiles tiles;
};

// Where one row is written in its tile; each pointer is at the row's first element.
struct QuantizedRow {
  int8_t* codes;
  float* scales;
  int32_t* sums;
  int16_t* sums32;
  uint8_t* loud;
  int64_t tile_rows;  // of the tile
};

enum class KvType : int32_t { kFloat32 = 0, kFloat16 = 1, kInt8 = 2 };

// Positions of a block of the KV cache.
constexpr int32_t kKvBlockPositions = 16;

// The KV pool of one layer. A part is what one head has in one block: its keys, or its values.
//
//   keys    [head_dim][kKvBlockPositions]: transposed, so that a vector is one element of 16
//           positions
//   values  [kKvBlockPositions][head_dim]
//
// kFloat16 rounds half to even. kInt8 quantizes each position of a head as one block of Activations
// with head_dim columns; a part is then [kKvBlockPositions] scales, float32, and after them the
// codes, laid out as above. What was never written is of no value and is never looked at.
struct KvLayer {
  KvType type;
  std::byte* data;     // [num_blocks, 2 (keys, values), kv_heads, part_bytes]
  int64_t part_bytes;  // kv_part_bytes(type, head_dim)
  int32_t kv_heads;
  int32_t head_dim;
};

constexpr int64_t kv_part_bytes(KvType type, int64_t head_dim) {
  switch (type) {
    case KvType::kFloat32:
      return kKvBlockPositions * head_dim * 4;
    case KvType::kFloat16:
      return kKvBlockPositions * head_dim * 2;
    case KvType::kInt8:
      return kKvBlockPositions * (4 + head_dim);
  }
  return 0;
}

// Attention of neighbouring tokens of one sequence, within one group of query heads that share a KV
// head. The results of a token do not depend on which others it is together with.
struct AttentionTask {
  const KvLayer* kv;
  const int32_t* block_table;  // [ceil((position + num_tokens) / kKvBlockPositions)]
  int32_t kv_head;
  int32_t position;    // of the first token; token i stands at position + i
  int32_t num_tokens;  // at least 1
  int32_t window;      // positions that a token attends to at most, its own the last; 0 for all
  int32_t group_size;
  int64_t token_stride;  // floats from one token's queries (and outputs) to the next one's
  const float* queries;  // per token [group_size, head_dim]
  float scale;           // usually 1 / sqrt(head_dim)
  float* scratch;  // [attention_scratch_floats(num_tokens * group_size, head_dim)], on a border of
                   // 64 bytes
  float* output;   // per token [group_size, head_dim]; neither queries nor scratch
  float soft_cap;  // that scores stay below in magnitude, above 0; 0 for none
};

// Attention runs over segments of this many absolute positions, merged from left to right.
constexpr int32_t kAttentionSegment = 1024;

// Floats of scratch that an attention task needs whose tokens have so many query heads together.
constexpr int64_t attention_scratch_floats(int64_t rows, int64_t head_dim) {
  const int64_t whole_rows = (rows + 7) / 8 * 8;
  const int64_t columns = (head_dim + 15) / 16 * 16;
  // Per row: a segment's weights, with a gap so that rows do not fall on the same lines of a cache;
  // the query, the segment's accumulator and the running one; their maximums and sums. And four
  // blocks of keys or values, widened.
  return whole_rows * (kAttentionSegment + 16 + 3 * columns + 4) + 4 * kKvBlockPositions * columns;
}

// Bytes of scratch that a matrix product needs.
constexpr int64_t kProductScratchBytes = 160 * 1024;

struct RopePair {
  float cosine;
  float sine;
};

struct KernelTable {
  const char* name;  // "reference", "avx2", "avxvnni", "avx512", "neon"

  // Most rows of a tile of activations: what matrix_product is given has no higher ones.
  int64_t tile_rows;

  // y[t * y_stride + r] for t in [0, num_rows), r in [row_begin, row_end): weights row r times
  // activations row t, num_rows being activations.tiles.num_rows. scratch is
  // [kProductScratchBytes], on a border of 64 bytes. row_begin is a multiple of kPanelRows, and so
  // is row_end where it is not weights.rows. y holds [num_rows, y_stride] and does not overlap any
  // input; nothing but those elements is read or written. Zero columns give 0. Float types: one
  // chain of fused multiply-adds over k = 0 .. columns - 1 from 0, weights widened to float32.
  // Quantized types: per block in order, integer arithmetic exact,
  //   acc = fma(float(dot), weight scale * activation scale, acc)
  // and for types with a minimum a second such step. The exact expression per type stands in
  // cpu/kernels/reference/matrix_product.cc.
  void (*matrix_product)(const PackedMatrix& weights, int64_t row_begin, int64_t row_end,
                         const Activations& activations, std::byte* scratch, float* y,
                         int64_t y_stride);

  // Quantizes one row as Activations says. `columns` is a multiple of the block.
  void (*quantize_block32)(const float* x, int64_t columns, const QuantizedRow& out);
  void (*quantize_block256)(const float* x, int64_t columns, const QuantizedRow& out);

  // out[i] = (x[i] * (1 / sqrt(sum / columns + epsilon))) * weight[i]; out may be x.
  // sum is of x^2 in 16 lanes (lane = i mod 16), each a chain of fused multiply-adds from 0, then a
  // fixed tree: lane l += lane l + 8, then 4, 2, 1.
  void (*rms_norm)(const float* x, const float* weight, float epsilon, int64_t columns, float* out);

  // out[i] = fma((x[i] - mean) * (1 / sqrt(variance + epsilon)), weight[i], bias[i]); out may be x.
  // mean = sum / columns, sum of x in 16 lanes of additions from 0 and the tree of rms_norm;
  // variance = squares / columns, squares of x[i] - mean as rms_norm sums those of x.
  void (*layer_norm)(const float* x, const float* weight, const float* bias, float epsilon,
                     int64_t columns, float* out);

  // Rotates the leading rope_dim elements of each head in place; pairs is [rope_dim / 2].
  // Pair j is elements (2 j, 2 j + 1), or (j, j + rope_dim / 2):
  // a' = fma(a, cosine, -(b * sine)), b' = fma(a, sine, b * cosine).
  void (*rope_adjacent)(float* heads, int64_t num_heads, int64_t head_dim, int64_t rope_dim,
                        const RopePair* pairs);
  void (*rope_halves)(float* heads, int64_t num_heads, int64_t head_dim, int64_t rope_dim,
                      const RopePair* pairs);

  // gate[i] = (v / (1 + exponential(-v))) * up[i] with v = gate[i].
  void (*swiglu)(float* gate, const float* up, int64_t columns);

  // gate[i] = (v / (1 + exponential(v * fma(v * v, c, b)))) * up[i] with v = gate[i],
  // b = -2 sqrt(2 / pi), c = 0.044715 b: GELU in its tanh form, since (1 + tanh(y)) / 2 is
  // 1 / (1 + e^(-2 y)).
  void (*geglu)(float* gate, const float* up, int64_t columns);

  // x[i] = x[i] * normal_probability(x[i]): GELU in its exact form, with erf.
  void (*gelu)(float* x, int64_t columns);

  // x[i] += y[i]
  void (*add)(float* x, const float* y, int64_t columns);

  // x[i] = fma(y[i], factor, x[i])
  void (*add_scaled)(float* x, const float* y, float factor, int64_t columns);

  // x[i] *= factor
  void (*scale)(float* x, float factor, int64_t columns);

  // x[i] = cap * hyperbolic_tangent(x[i] / cap), for cap above 0.
  void (*soft_cap)(float* x, float cap, int64_t columns);

  // Returns the sum of exponential(x[i] - shift) in float32, widened and added in float64 in 16
  // lanes (lane = i mod 16), then the tree of rms_norm. NaN where an element is.
  double (*sum_exponentials)(const float* x, float shift, int64_t columns);

  // Writes one position's keys and values, [kv_heads, head_dim] each, to
  // slot = block * kKvBlockPositions + offset. No byte of another position is written, or read.
  void (*kv_write)(const KvLayer& kv, int64_t slot, const float* keys, const float* values);

  // Reads keys and values back from the cache, always. Per token, query head and segment, over the
  // positions p that the token attends to, and no others:
  //   score[p] = dot * scale, dot a chain of fma(query[d], key[p][d], ...) from 0 in order of d
  //     (kInt8: the chain is over the codes, score[p] = (dot * key scale[p]) * scale);
  //     with a soft cap, soft_cap of that;
  //   weight[p] = exponential(score[p] - maximum), the maximum over what is no NaN;
  //   sum in 16 lanes of additions from 0, lane = p mod 16, and the tree of rms_norm;
  //   accumulator[d] = a chain of fma(weight[p], value[p][d], ...) from 0 in order of p
  //     (kInt8: fma(weight[p] * value scale[p], code, ...)).
  // Segments merge left to right: with maximum m of both, a = exponential(running maximum - m),
  // b = exponential(maximum - m): running sum = fma(running sum, a, sum * b), accumulators alike:
  // fma(running accumulator, a, accumulator * b).
  // output[d] = accumulator[d] / sum.
  void (*attention)(const AttentionTask& task);

  // Widens one weight row to float32: code * scale (K types: code * (scale * sub-scale)), rounded,
  // then the minimum (K types: minimum * sub-minimum) added, rounded.
  void (*dequantize_row)(const PackedMatrix& weights, int64_t row, float* out);

  // The searches of ops/scale_search.h, for files that are quantized; no forward pass calls them.
  void (*fit_affine)(const AffineSearch& search, AffineFits& fits);
  // values is [kSymmetricElements][kSearchedSubBlocks].
  void (*fit_symmetric)(const float* values, SymmetricFits& fits);
};

}  // namespace sparkllama
