// Brings what changes from step to step to the device: a block of numbers whose places stay, so
// that recorded launches find them.
#pragma once

#include <cstdint>

#include "cuda/device_step.h"
#include "cuda/platform.h"
#include "ops/backend.h"

namespace sparkllama::cuda {

class StepUpload {
 public:
  explicit StepUpload(const BackendCapacity& capacity);

  // Bytes of the block, which both memories hold.
  int64_t byte_size() const { return end_ * static_cast<int64_t>(sizeof(int32_t)); }
  // `host` is pinned; both outlive this.
  void use(void* host, void* device);

  // Enqueues the copies of a step. The pinned block must not be in use by an earlier copy.
  cudaError_t upload(const StepInput& input, cudaStream_t stream);
  // Enqueues the copy of the tokens whose logits are wanted. Likewise.
  cudaError_t upload_rows(const int32_t* tokens, int64_t count, cudaStream_t stream);

  // Where everything lies on the device.
  const DeviceStep& step() const { return step_; }
  const int32_t* num_logits_rows() const { return device_ + kLogitsRows; }
  const int32_t* logits_tokens() const { return device_ + logits_tokens_; }

 private:
  // Words of the header.
  static constexpr int64_t kTokens = 0;
  static constexpr int64_t kSequences = 1;
  static constexpr int64_t kLogitsRows = 2;
  static constexpr int64_t kHeaderWords = 64;

  cudaError_t copy(int64_t first, int64_t count, cudaStream_t stream);
  int64_t upload_tables(const StepInput& input, int64_t group);

  BackendCapacity capacity_;
  // Offsets in words.
  int64_t token_ids_;
  int64_t positions_;
  int64_t kv_slots_;
  int64_t first_tokens_;
  int64_t token_counts_;
  int64_t context_lengths_;
  int64_t logits_tokens_;
  int64_t block_tables_;
  int64_t end_;
  int32_t* host_ = nullptr;
  int32_t* device_ = nullptr;
  DeviceStep step_ = {};
};

}  // namespace sparkllama::cuda
