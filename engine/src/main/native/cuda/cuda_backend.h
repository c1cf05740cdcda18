// Computes on a CUDA device, in one stream: every operation is a launch or a few.
//
// Nothing here throws: what fails is kept and told by finish().
#pragma once

#include <cstdint>

#include "cuda/device_memory.h"
#include "cuda/device_step.h"
#include "cuda/platform.h"
#include "cuda/quantized_rows.h"
#include "cuda/step_upload.h"
#include "cuda/walk_graphs.h"
#include "cuda/weight_upload.h"
#include "ops/backend.h"

namespace sparkllama::cuda {

class CudaBackend final : public Backend {
 public:
  CudaBackend(int32_t device, int32_t multiprocessors, const BackendCapacity& capacity);
  ~CudaBackend() override;
  CudaBackend(const CudaBackend&) = delete;
  CudaBackend& operator=(const CudaBackend&) = delete;

  // Takes the memory of its own. Returns what failed.
  BackendFailure start();

  const char* name() const override { return "cuda"; }
  void* allocate(int64_t bytes) override { return memory_.take(bytes); }
  int64_t buffer_bytes() const override { return buffer_bytes_; }

  // What is placed may go when this has returned.
  PackedMatrix place(const PackedMatrix& weights) override;
  const void* place_bytes(const void* source, int64_t bytes) override;
  void* read(void* source, int64_t bytes) override;
  BackendFailure finish() override;

  void begin_step(const StepInput& input) override;
  bool replay_walk() override;
  bool end_walk() override;

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
  RowSampling* make_row_sampling(const RowSamplingCapacity& capacity) override;
  void copy_block(const KvLayer& kv, int32_t source, int32_t target) override;

 private:
  // Keeps the first failure.
  void note(cudaError_t error);
  void* take_buffer(int64_t bytes);
  BackendFailure refused(const char* lack);
  // Waits for the stream, after which pinned memory may be written again.
  void wait();

  int32_t device_;
  BackendCapacity capacity_;
  DeviceMemory memory_;
  WeightUpload upload_;
  StepUpload step_;
  WalkGraphs graphs_;
  QuantizedRows quantized_ = {};
  void* attention_scratch_ = nullptr;
  void* pinned_read_ = nullptr;
  int64_t buffer_bytes_ = 0;
  cudaStream_t stream_ = nullptr;
  cudaError_t failure_ = cudaSuccess;
  BackendFailure refusal_;  // of what was asked for last
  WalkClass walk_ = {};
  bool recurs_ = false;
  bool records_;                  // unless the environment says otherwise
  RowLaunch tokens_launch_ = {};  // over the step's tokens
  RowLaunch rows_launch_ = {};    // over the rows that products read now
  bool pinned_rows_in_use_ = false;
};

}  // namespace sparkllama::cuda
