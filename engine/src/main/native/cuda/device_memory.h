// Takes memory of the device, and pinned memory beside it, and gives all back at its end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "cuda/platform.h"

namespace sparkllama::cuda {

class DeviceMemory {
 public:
  DeviceMemory() = default;
  ~DeviceMemory();
  DeviceMemory(const DeviceMemory&) = delete;
  DeviceMemory& operator=(const DeviceMemory&) = delete;

  // On a border of 256 bytes; null where there is none. Small pieces share an allocation: a model
  // has hundreds of vectors.
  void* take(int64_t bytes);
  // Of the processor, which the device copies from and to by itself.
  void* take_pinned(int64_t bytes);
  // The first failure that was no lack of memory.
  cudaError_t failure() const { return failure_; }

 private:
  void* take_whole(int64_t bytes);
  void note(cudaError_t error);

  std::vector<void*> device_;
  std::vector<void*> pinned_;
  std::byte* slab_ = nullptr;
  int64_t slab_left_ = 0;
  cudaError_t failure_ = cudaSuccess;
};

}  // namespace sparkllama::cuda
