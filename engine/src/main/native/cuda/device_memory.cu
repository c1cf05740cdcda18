#include "cuda/device_memory.h"

namespace sparkllama::cuda {
namespace {

constexpr int64_t kBorder = 256;
constexpr int64_t kSlabBytes = int64_t{4} << 20;
constexpr int64_t kSmallBytes = kSlabBytes / 8;

}  // namespace

DeviceMemory::~DeviceMemory() {
  for (void* memory : device_) cudaFree(memory);
  for (void* memory : pinned_) cudaFreeHost(memory);
}

// Lack of memory is told by what is returned, and by nothing later.
void DeviceMemory::note(cudaError_t error) {
  cudaGetLastError();
  if (error != cudaErrorMemoryAllocation && failure_ == cudaSuccess) failure_ = error;
}

void* DeviceMemory::take_whole(int64_t bytes) {
  void* memory = nullptr;
  const cudaError_t error = cudaMalloc(&memory, static_cast<size_t>(bytes));
  if (error != cudaSuccess) {
    note(error);
    return nullptr;
  }
  device_.push_back(memory);
  return memory;
}

void* DeviceMemory::take(int64_t bytes) {
  if (bytes < 0) return nullptr;
  const int64_t whole = bytes == 0 ? kBorder : (bytes + kBorder - 1) / kBorder * kBorder;
  if (whole > kSmallBytes) return take_whole(whole);
  if (whole > slab_left_) {
    slab_ = static_cast<std::byte*>(take_whole(kSlabBytes));
    slab_left_ = slab_ == nullptr ? 0 : kSlabBytes;
    if (slab_ == nullptr) return nullptr;
  }
  void* memory = slab_;
  slab_ += whole;
  slab_left_ -= whole;
  return memory;
}

void* DeviceMemory::take_pinned(int64_t bytes) {
  void* memory = nullptr;
  const cudaError_t error =
      cudaMallocHost(&memory, static_cast<size_t>(bytes < kBorder ? kBorder : bytes));
  if (error != cudaSuccess) {
    note(error);
    return nullptr;
  }
  pinned_.push_back(memory);
  return memory;
}

}  // namespace sparkllama::cuda
