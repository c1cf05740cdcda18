// Passes a step's tokens through the experts of a layer.
//
// Tokens are gathered by expert, in their order within each; an expert's matrices are multiplied
// with its rows alone; each token then adds its experts' outputs in the order of their indices. An
// output is one chain whatever the other rows are, so a token's bits depend on none of them.
//
// All memory is taken when it is made: for the tokens of the largest step, each with all the
// experts that it uses. Threads share rows, or outputs of products, without locks.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <vector>

#include "base/aligned_array.h"
#include "base/thread_pool.h"
#include "model/model.h"
#include "ops/activation_buffer.h"
#include "ops/kernel_table.h"
#include "runner/expert_choice.h"

namespace sparkllama {

class ExpertPass {
 public:
  // Everything referred to outlives this object.
  ExpertPass(const Model& model, const KernelTable& kernels, ThreadPool& pool, int64_t max_tokens);

  // What its buffers take.
  int64_t byte_size() const;

  // Where the router's logits are put before a run: [num_tokens, experts].
  float* router_logits() { return router_logits_.data(); }

  // Writes the weighted sum of the experts' outputs; input and out are [num_tokens, embedding].
  void run(int layer, const float* input, int64_t num_tokens, float* out);

  // Memory that nothing reads between runs: at least [max_tokens, embedding].
  float* spare_rows() { return rows_.data(); }

 private:
  // What a layer's products read.
  struct LayerFormats {
    FormatSet input;
    FormatSet hidden;
    bool reads_floats;  // of the input
  };
  struct GatheredRow {
    int32_t token;
    int32_t expert;
  };
  // A product of each expert that has rows.
  struct Product {
    PackedMatrix ExpertWeights::* weights;
    const float* rows;  // [gathered rows, weights.columns]
    float* y;           // [gathered rows, weights.rows]
  };

  void choose(int64_t num_tokens);
  void group(int64_t num_tokens);
  void gather(int layer, const float* input);
  void activate(int layer);
  void add_outputs(int64_t num_tokens, float* out);
  void multiply(int layer, std::initializer_list<Product> products);
  void multiply_share(int layer, std::initializer_list<Product> products, Share costs, int thread);
  void multiply_outputs(const PackedMatrix& weights, const Product& product, RowGroup group,
                        Share outputs, int thread);

  const Model& model_;
  const HyperParameters& parameters_;
  const KernelTable& kernels_;
  ThreadPool& pool_;
  std::vector<LayerFormats> formats_;  // [layers]
  int64_t max_rows_;                   // that are gathered: tokens times experts used
  int64_t num_rows_ = 0;               // that are gathered in this run

  AlignedArray<float> router_logits_;   // [tokens, experts]
  AlignedArray<ExpertChoice> choices_;  // [tokens, experts used]
  AlignedArray<int32_t> places_;        // [tokens, experts used]: which gathered row it is
  AlignedArray<GatheredRow> gathered_;  // [rows]
  AlignedArray<RowGroup> groups_;       // [experts], of gathered rows
  AlignedArray<float> rows_;            // [rows, embedding]: inputs, then outputs
  AlignedArray<float> gate_;            // [rows, expert_length]
  AlignedArray<float> up_;              // [rows, expert_length]
  ActivationBuffer quantized_;          // [rows, widest input]
  AlignedArray<std::byte> scratch_;     // [threads, kProductScratchBytes]
};

}  // namespace sparkllama
