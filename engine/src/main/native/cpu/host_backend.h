// Computes on the processor: every operation over rows by the kernels of one table, shared among
// threads.
//
// Threads share the outputs of a product, or the tokens, never the sum of one output: results are
// the same bits for any number of threads. All memory of operations is taken when it is made.
#pragma once

#include <memory>
#include <vector>

#include "base/aligned_array.h"
#include "base/thread_pool.h"
#include "cpu/attention_plan.h"
#include "ops/backend.h"

namespace sparkllama {

class HostBackend final : public Backend {
 public:
  // The kernels and the threads outlive it.
  HostBackend(const KernelTable& kernels, ThreadPool& pool, const BackendCapacity& capacity);

  const char* name() const override { return kernels_.name; }
  void* allocate(int64_t bytes) override;
  int64_t buffer_bytes() const override { return quantized_.byte_size() + scratch_.byte_size(); }

  // Everything stays where it is, and has to be there as long as it is used.
  PackedMatrix place(const PackedMatrix& weights) override { return weights; }
  const void* place_bytes(const void* source, int64_t) override { return source; }
  void* read(void* source, int64_t) override { return source; }
  BackendFailure finish() override { return {}; }

  void begin_step(const StepInput& input) override { step_ = input; }
  bool replay_walk() override { return false; }
  bool end_walk() override { return true; }

  void embed(const PackedMatrix& table, float factor, float* rows) override;
  void compute_rotations(const RotationTable* tables, int64_t num_tables, int32_t rope_dimension,
                         RopePair* out) override;
  void prepare(const float* residual, int64_t columns, const RowPreparation& preparation) override;
  void add(float* rows, int64_t columns, const RowAddition& addition, float* residual) override;
  void add_and_prepare(float* rows, int64_t columns, const RowAddition& addition, float* residual,
                       const RowPreparation& preparation) override;
  void quantize(const float* rows, int64_t columns, FormatSet formats) override;
  void multiply(std::initializer_list<BackendProduct> products, const float* rows,
                int64_t num_rows) override;
  void finish_heads(const HeadFinish& heads) override;
  void attend(const AttentionRows& rows) override;
  void activate(Activation activation, float* gate, const float* up, int64_t columns,
                FormatSet formats) override;
  void prepare_tokens(const int32_t* tokens, int64_t count, const float* residual, int64_t columns,
                      const RowPreparation& preparation) override;
  void soft_cap(float* values, float cap, int64_t count) override;
  RowSampling* make_row_sampling(const RowSamplingCapacity&) override { return nullptr; }
  void copy_block(const KvLayer& kv, int32_t source, int32_t target) override;

 private:
  struct Free {
    void operator()(void* memory) const;
  };

  void add_row(float* row, int64_t columns, const RowAddition& addition, float* residual);
  void prepare_row(const float* row, int64_t columns, const RowPreparation& preparation,
                   RowGroup group, int64_t index);
  void normalize(const float* row, int64_t columns, const RowNorm& norm, float* out);
  void finish_rows(const HeadRows& heads, int64_t token, int64_t width, float epsilon);

  const KernelTable& kernels_;
  ThreadPool& pool_;
  int32_t head_count_;
  int32_t kv_head_count_;
  int32_t head_dimension_;
  AttentionPlan attention_plan_;
  int64_t scratch_floats_;
  AlignedArray<float> scratch_;  // [threads, scratch_floats_], of attention or of products
  ActivationBuffer quantized_;   // [rows, columns]
  StepInput step_ = {};
  std::vector<std::unique_ptr<void, Free>> memory_;
};

}  // namespace sparkllama
