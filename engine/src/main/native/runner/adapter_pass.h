// Adds what adapters change to the products of a step.
//
// A row's y becomes y + B (scale * (A x)), with x the row as it is, not rounded to integers: A x
// and B (...) are products of float types, one chain of fused multiply-adds for each output, then
// one addition. That comes straight after the weight's own product, before biases and norms. Rows
// of one adapter are multiplied together, and no row's bits depend on which they are; rows without
// one are not touched.
//
// Takes no memory and no time until an adapter is opened.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <vector>

#include "base/aligned_array.h"
#include "base/thread_pool.h"
#include "model/description.h"
#include "ops/kernel_table.h"
#include "runner/adapter_set.h"
#include "runner/batch_view.h"

namespace sparkllama {

class AdapterPass {
 public:
  // The product of one weight that adapters may change.
  struct Product {
    WeightRole role;
    float* y;  // [rows, outputs]
  };

  // Everything referred to outlives this object. `most_rows` is how many rows a plan may have.
  AdapterPass(const AdapterSet& adapters, const HyperParameters& parameters,
              const KernelTable& kernels, ThreadPool& pool, int64_t most_rows);

  // Takes the memory that the adapters opened by now need. Not while a step runs.
  void reserve();

  // What its buffers take.
  int64_t byte_size() const {
    return token_adapters_.byte_size() + order_.byte_size() + scratch_.byte_size();
  }

  // Says which rows the products that follow have: the tokens of a checked step, or some of them.
  void plan_tokens(const BatchView& batch);
  void plan_rows(const int32_t* tokens, int64_t count);

  // Adds the changes of weights that read the same rows. x is [rows, inputs].
  void add(std::initializer_list<Product> products, int32_t layer, const float* x);

 private:
  // Rows of one adapter, one after the other in order_.
  struct Group {
    int32_t adapter;
    int64_t begin;
    int64_t end;
  };
  // Some rows of one adapter, and where one thread works on them.
  struct Chunk {
    int32_t adapter;
    const int32_t* rows;  // [count], rising
    int64_t count;
    float* scratch;
  };

  // `adapter_of` gives the adapter of each of `count` rows, -1 for none.
  template <typename AdapterOf>
  void plan(int64_t count, const AdapterOf& adapter_of);
  int64_t work(std::initializer_list<Product> products, int32_t layer) const;
  const WeightChange& change(int32_t adapter, WeightRole role, int32_t layer) const {
    return adapters_.change(adapter, adaptable_weight(role), layer);
  }
  const float* gather(const Chunk& chunk, const float* x, int64_t columns) const;
  void add_chunk(const Chunk& chunk, const WeightChange& change, const float* x, float* y) const;

  const AdapterSet& adapters_;
  const KernelTable& kernels_;
  ThreadPool& pool_;
  int64_t most_rows_;
  int64_t most_columns_;
  int64_t scratch_floats_ = 0;            // of one thread
  int64_t num_rows_ = 0;                  // of the plan that have an adapter
  std::vector<Group> groups_;             // of the plan
  std::vector<int64_t> next_;             // [adapters]: where an adapter's next row goes in order_
  AlignedArray<int32_t> token_adapters_;  // [most_rows]: of the step's tokens, -1 for none
  AlignedArray<int32_t> order_;           // [most_rows]: the plan's rows with adapters, by adapter
  AlignedArray<float> scratch_;           // [threads, scratch_floats_]
};

}  // namespace sparkllama
