// Walks a step's tokens through the layers of a model: embed, attend, feed forward, logits.
//
// What models differ in stands in the hyper-parameters, and in which weights a layer has.
//
// All memory is taken when it is made. Threads share the outputs of a product, or the tokens, never
// the sum of one output: results are the same bits for any number of threads.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <vector>

#include "base/aligned_array.h"
#include "cache/kv_cache.h"
#include "model/model.h"
#include "ops/activation_buffer.h"
#include "ops/kernel_table.h"
#include "runner/adapter_pass.h"
#include "runner/attention_plan.h"
#include "runner/batch_view.h"
#include "runner/expert_pass.h"
#include "runner/thread_pool.h"

namespace sparkllama {

class ForwardPass {
 public:
  // Rows of logits that are computed at once.
  static constexpr int64_t kMaxLogitsRows = 64;

  // Everything referred to outlives this object.
  ForwardPass(const Model& model, const KvCache& cache, const AdapterSet& adapters,
              const KernelTable& kernels, ThreadPool& pool, const BatchCapacity& capacity);

  // Takes the memory that steps with the adapters opened by now need.
  void reserve_adapters() { adapter_pass_.reserve(); }

  // What its buffers take.
  int64_t byte_size() const;

  // Runs the tokens of a checked step and writes their keys and values. An id of -1 stands for a
  // token that is not known because its logits were no numbers: its sequence's become none either.
  void run(const BatchView& batch, const int32_t* token_ids);

  // Computes the logits of tokens of the step just run: tokens is [count], count at most
  // kMaxLogitsRows, out is [count, vocabulary].
  void logits(const int32_t* tokens, int64_t count, float* out);

 private:
  // Which integer formats a layer's products read.
  struct LayerFormats {
    FormatSet attention_input;
    FormatSet attention_output;
    FormatSet feed_forward_input;
    FormatSet feed_forward_hidden;
  };
  struct Product {
    const PackedMatrix* weights;
    float* y;  // [num_rows, weights.rows]
  };

  // What is done to a projected row before it is added to the residual stream; null for neither.
  struct Addition {
    const float* bias;  // [embedding]
    Norm norm;
  };

  void embed(const int32_t* token_ids);
  void compute_rotations(const BatchView& batch);
  void attend(const BatchView& batch, int layer);
  void rotate_and_store(const BatchView& batch, int layer);
  void run_attention(const BatchView& batch, int layer);
  void feed_forward(int layer);
  void run_dense(int layer, float* out);
  void run_experts(int layer);
  void add_shared_expert(int layer);
  const RopePair* rotation(int layer, int64_t token) const;
  const float* input_rows(const Norm& norm) const;
  void finish_heads(float* row, int64_t width, const float* bias, const float* norm,
                    int64_t norm_width);
  void prepare_input(const Norm& norm, FormatSet formats);
  void add_attended(int layer);
  void add_projected(const Addition& addition);
  void add_and_prepare(const Addition& addition, const Norm& norm, FormatSet formats);
  void add_row(int64_t token, const Addition& addition);
  void prepare_row(int64_t token, const Norm& norm, FormatSet formats);
  void normalize(const float* row, const Norm& norm, float* out);
  void activate(float* gate, const float* up);
  void cap_logits(int64_t count, float* logits);
  void quantize(FormatSet formats, const float* rows, int64_t columns);
  void multiply(std::initializer_list<Product> products, const float* rows, int64_t num_rows);

  const Model& model_;
  const HyperParameters& parameters_;
  const KvCache& cache_;
  const KernelTable& kernels_;
  ThreadPool& pool_;
  std::vector<LayerFormats> formats_;  // [layers]
  FormatSet output_formats_;
  AttentionPlan attention_plan_;
  AdapterPass adapter_pass_;
  int64_t num_tokens_ = 0;  // of the step

  AlignedArray<float> residual_;      // [tokens, embedding]
  AlignedArray<float> normed_;        // [max(tokens, kMaxLogitsRows), embedding]
  AlignedArray<float> queries_;       // [tokens, heads, head_dim]
  AlignedArray<float> keys_;          // [tokens, kv_heads, head_dim]
  AlignedArray<float> values_;        // [tokens, kv_heads, head_dim]
  AlignedArray<float> attended_;      // [tokens, heads, head_dim]
  AlignedArray<float> projected_;     // [tokens, embedding]
  AlignedArray<float> gate_;          // [tokens, feed_forward]: of up where there is no gate
  AlignedArray<float> up_;            // [tokens, feed_forward], where there is a gate
  AlignedArray<RopePair> rotations_;  // [RoPE tables, tokens of the step, rope_dim / 2]
  int64_t scratch_floats_;
  AlignedArray<float> scratch_;  // [threads, scratch_floats_], of attention or of products
  ActivationBuffer quantized_;   // [max(tokens, kMaxLogitsRows), widest input]
  std::optional<ExpertPass> experts_;
  AlignedArray<float> shared_weights_;  // [tokens]: logits of the router of the shared expert
};

}  // namespace sparkllama
