// Declares where the rows of a forward pass lie and what computes them: a processor's threads, or a
// device.
//
// Every backend gives the bits that the reference kernels give (ops/kernel_table.h states the order
// of arithmetic of each operation), so that answers do not depend on where they were computed.
//
// Operations are enqueued in order and may run later: read() and finish() wait. They throw nothing
// and take no memory; what goes wrong on a device is told by finish(). Rows are float32, one after
// the other, in memory of the backend. One caller at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>

#include "ops/activation_buffer.h"
#include "ops/kernel_table.h"
#include "ops/layer_choices.h"
#include "ops/row_sampling.h"
#include "ops/step_input.h"
#include "tensor/packed_layout.h"

namespace sparkllama {

// The most of everything that a backend's operations are asked for.
struct BackendCapacity {
  int64_t rows;     // of one operation: tokens of a step, or rows of logits
  int64_t columns;  // of rows that products of quantized types read
  int64_t tokens;   // of a step, as are those that follow
  int64_t sequences;
  int64_t kv_groups;
  int64_t blocks_per_sequence;
  int64_t read_bytes;  // of one read
  int32_t head_count;
  int32_t kv_head_count;
  int32_t head_dimension;
};

// A norm of whole rows; no norm where there is no weight.
struct RowNorm {
  NormKind kind = NormKind::kRootMeanSquare;
  float epsilon = 0;
  const float* weight = nullptr;  // [columns]
  const float* bias = nullptr;    // [columns], of kStandardDeviation

  bool exists() const { return weight != nullptr; }
};

// What is done to a row before it is added to the residual stream; null for neither. The bias comes
// first.
struct RowAddition {
  const float* bias = nullptr;  // [columns]
  RowNorm norm;
};

// What a row becomes when products are to read it: normed where there is a norm, then quantized.
struct RowPreparation {
  RowNorm norm;
  float* normed;  // [rows, columns], written where there is a norm
  FormatSet formats;
};

// Heads of all tokens as products leave them, and what is done to them before they are used.
struct HeadRows {
  float* rows;                  // [num_tokens, heads * head_dim]
  const float* bias = nullptr;  // [heads * head_dim]
  const float* norm = nullptr;  // RMSNorm, [norm_width]
  int64_t norm_width = 0;       // of one head, or of all together
};

// How fast positions turn the pairs of a head's elements.
struct RotationTable {
  double magnitude;                   // that both elements are multiplied by
  const double* inverse_frequencies;  // [rope_dim / 2], radians per position
};

// One layer's queries, keys and values on their way into attention.
struct HeadFinish {
  HeadRows queries;
  HeadRows keys;
  HeadRows values;
  float norm_epsilon;
  RopeLayout rope_layout;
  int32_t rope_dimension;
  const RopePair* rotations;  // as compute_rotations() left them
  int32_t rotation_table;     // of them, or kWithoutRope
  KvLayer kv;                 // that keys and values are written to
  int32_t kv_group;

  static constexpr int32_t kWithoutRope = -1;
};

struct AttentionRows {
  KvLayer kv;
  int32_t kv_group;
  int32_t window;        // as AttentionTask has it
  const float* queries;  // [num_tokens, head_count * head_dim]
  float* output;         // likewise; not the queries
  float scale;
  float soft_cap;
};

struct BackendProduct {
  const PackedMatrix* weights;  // placed
  float* y;                     // [rows, weights.rows]
};

struct BackendFailure {
  enum class Kind { kNone, kMemory, kConfiguration, kDevice };
  Kind kind = Kind::kNone;
  const char* message = "";  // until the next call
};

class Backend {
 public:
  virtual ~Backend() = default;

  // "avx512", "cuda" and so on.
  virtual const char* name() const = 0;

  // Gives memory that rows, weights or the KV cache may lie in, on a border of 64 bytes, until the
  // backend ends; null where there is no such memory.
  virtual void* allocate(int64_t bytes) = 0;
  // What the backend has taken for itself.
  virtual int64_t buffer_bytes() const = 0;

  // Puts a matrix where this backend's products read it, or bytes where its operations do; null
  // data where there is no memory. What is placed may go after the next finish() only where the
  // backend says so.
  virtual PackedMatrix place(const PackedMatrix& weights) = 0;
  virtual const void* place_bytes(const void* source, int64_t bytes) = 0;

  // Waits for all that was asked for and returns the bytes where the processor reads and writes
  // them, until the next read.
  virtual void* read(void* source, int64_t bytes) = 0;
  // Waits for all that was asked for, and says whether it was done.
  virtual BackendFailure finish() = 0;

  // Everything that follows, until the next step, is about this one. The input is read before the
  // next finish() or read() returns.
  virtual void begin_step(const StepInput& input) = 0;
  // Whether the operations from here to end_walk() are known from a step of the same kind, and have
  // been enqueued; else the caller enqueues them. They must be the same for each step.
  virtual bool replay_walk() = 0;
  // Whether they will run; else the caller enqueues them once more, without asking again.
  virtual bool end_walk() = 0;

  // rows[t] = row token_ids[t] of the table, times `factor` where that is not 1.
  virtual void embed(const PackedMatrix& table, float factor, float* rows) = 0;
  // out has room for [num_tables, capacity.tokens, rope_dim / 2] and is ordered as the backend
  // likes: cosine and sine of position times inverse frequency in float64, times the magnitude,
  // rounded to float32.
  virtual void compute_rotations(const RotationTable* tables, int64_t num_tables,
                                 int32_t rope_dimension, RopePair* out) = 0;

  // For the step's tokens: prepares rows of the residual stream.
  virtual void prepare(const float* residual, int64_t columns,
                       const RowPreparation& preparation) = 0;
  // residual += addition of rows, which are left in any state.
  virtual void add(float* rows, int64_t columns, const RowAddition& addition, float* residual) = 0;
  // add(), then prepare().
  virtual void add_and_prepare(float* rows, int64_t columns, const RowAddition& addition,
                               float* residual, const RowPreparation& preparation) = 0;
  // Quantizes rows as they are.
  virtual void quantize(const float* rows, int64_t columns, FormatSet formats) = 0;

  // The products of rows [num_rows, columns] that were prepared last with all of these weights.
  virtual void multiply(std::initializer_list<BackendProduct> products, const float* rows,
                        int64_t num_rows) = 0;

  virtual void finish_heads(const HeadFinish& heads) = 0;
  virtual void attend(const AttentionRows& rows) = 0;
  // gate = activation of gate (and up), [num_tokens, columns], then quantized.
  virtual void activate(Activation activation, float* gate, const float* up, int64_t columns,
                        FormatSet formats) = 0;

  // Prepares the rows of these tokens (of the step, [count], in the processor's memory) as rows 0,
  // 1, ... of the products that follow.
  virtual void prepare_tokens(const int32_t* tokens, int64_t count, const float* residual,
                              int64_t columns, const RowPreparation& preparation) = 0;
  // values[i] = cap * tanh(values[i] / cap)
  virtual void soft_cap(float* values, float cap, int64_t count) = 0;

  // Makes what samples from this backend's logits, and is deleted before the backend; null where
  // the processor is to do it, or where it cannot be made: then finish() says why.
  virtual RowSampling* make_row_sampling(const RowSamplingCapacity& capacity) = 0;

  // Copies a block in a layer's pool.
  virtual void copy_block(const KvLayer& kv, int32_t source, int32_t target) = 0;
};

}  // namespace sparkllama
