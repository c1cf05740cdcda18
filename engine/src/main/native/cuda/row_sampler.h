// Measures and samples rows of logits on the device: one copy there, one kernel, one copy back.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cuda/device_memory.h"
#include "cuda/kernels/sampling.h"
#include "ops/backend.h"
#include "ops/row_sampling.h"

namespace sparkllama::cuda {

class RowSampler final : public RowSampling {
 public:
  // The stream is the backend's, and ends after this.
  RowSampler(const RowSamplingCapacity& capacity, cudaStream_t stream);

  // Takes the memory, before anything else. Returns what failed.
  BackendFailure start();

  int64_t byte_size() const override { return bytes_; }
  void put_mask(int64_t id, const uint64_t* words) override;
  void sample(const SamplingInput& input, float* logits) override;
  SamplingOutput output() const override;

 private:
  // Null where there is no such memory.
  template <typename T>
  T* take(int64_t size);
  template <typename T>
  T* take_pinned(int64_t size);

  DeviceMemory memory_;
  int64_t bytes_ = 0;
  RowSamplingCapacity capacity_;
  cudaStream_t stream_;
  int64_t words_per_mask_;
  int64_t most_staged_;
  int64_t staged_ = 0;          // masks that may still be on their way
  SamplingCounts counts_ = {};  // of the last call

  std::byte* input_ = nullptr;  // on the device, as are the two that follow
  std::byte* output_ = nullptr;
  uint64_t* masks_ = nullptr;  // [masks, words_per_mask]
  std::byte* sent_ = nullptr;  // beside it
  std::byte* received_ = nullptr;
  uint64_t* staging_ = nullptr;  // [most_staged, words_per_mask]
};

}  // namespace sparkllama::cuda
