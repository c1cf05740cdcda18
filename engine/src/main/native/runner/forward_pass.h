// Walks a step's tokens through the layers of a model: embed, attend, feed forward, logits.
//
// What models differ in stands in the hyper-parameters, and in which weights a layer has.
//
// Rows lie where the backend computes; experts and adapters are computed by the processor alone,
// and so need a backend of the processor. All memory is taken when it is made.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <vector>

#include "base/aligned_array.h"
#include "base/thread_pool.h"
#include "cache/kv_cache.h"
#include "model/model.h"
#include "ops/backend.h"
#include "ops/backend_array.h"
#include "ops/kernel_table.h"
#include "runner/adapter_pass.h"
#include "runner/batch_view.h"
#include "runner/expert_pass.h"

namespace sparkllama {

class ForwardPass {
 public:
  // Computes what the backend does not.
  struct Host {
    const KernelTable& kernels;
    ThreadPool& pool;
  };

  // What a backend needs to be made for, so that it can run this pass.
  static BackendCapacity backend_capacity(const HyperParameters& parameters,
                                          const BatchCapacity& capacity, int64_t most_logits_rows);

  // Everything referred to outlives this object; the model's weights have been placed.
  // `most_logits_rows` are computed at once.
  ForwardPass(const Model& model, const KvCache& cache, const AdapterSet& adapters,
              Backend& backend, Host host, const BatchCapacity& capacity, int64_t most_logits_rows);

  // Takes the memory that steps with the adapters opened by now need.
  void reserve_adapters() { adapter_pass_.reserve(); }

  // What its buffers take.
  int64_t byte_size() const;

  // Runs the tokens of a checked step and writes their keys and values. An id of -1 stands for a
  // token that is not known because its logits were no numbers: its sequence's become none either.
  void run(const BatchView& batch, const int32_t* token_ids);

  // Computes the logits of tokens of the step just run: tokens is [count], count at most
  // most_logits_rows, out is [count, vocabulary] in the backend's memory.
  void logits(const int32_t* tokens, int64_t count, float* out);

 private:
  // Which integer formats a layer's products read.
  struct LayerFormats {
    FormatSet attention_input;
    FormatSet attention_output;
    FormatSet feed_forward_input;
    FormatSet feed_forward_hidden;
  };

  void walk();
  void attend(int layer);
  void finish_heads(int layer);
  void feed_forward(int layer);
  void run_dense(int layer, float* out);
  void run_experts(int layer);
  void add_shared_expert(int layer);
  void add_attended(int layer);
  RowNorm row_norm(const Norm& norm) const;
  RowPreparation preparation(const Norm& norm, FormatSet formats) const;
  const float* input_rows(const Norm& norm) const;
  void place_rotation_tables();

  const Model& model_;
  const HyperParameters& parameters_;
  const KvCache& cache_;
  Backend& backend_;
  Host host_;
  std::vector<LayerFormats> formats_;  // [layers]
  FormatSet output_formats_;
  AdapterPass adapter_pass_;
  int64_t num_tokens_ = 0;  // of the step
  std::vector<RotationTable> rotation_tables_;

  BackendArray<float> residual_;      // [tokens, embedding]
  BackendArray<float> normed_;        // [max(tokens, logits rows), embedding]
  BackendArray<float> queries_;       // [tokens, heads, head_dim]
  BackendArray<float> keys_;          // [tokens, kv_heads, head_dim]
  BackendArray<float> values_;        // [tokens, kv_heads, head_dim]
  BackendArray<float> attended_;      // [tokens, heads, head_dim]
  BackendArray<float> projected_;     // [tokens, embedding]
  BackendArray<float> gate_;          // [tokens, feed_forward]: of up where there is no gate
  BackendArray<float> up_;            // [tokens, feed_forward], where there is a gate
  BackendArray<RopePair> rotations_;  // [RoPE tables, tokens, rope_dim / 2]
  std::optional<ExpertPass> experts_;
  AlignedArray<float> shared_weights_;  // [tokens]: logits of the router of the shared expert
};

}  // namespace sparkllama
