#include <cstdio>
#include <cstring>
#include <new>

#include "base/build_id.h"
#include "cuda/cuda_backend.h"
#include "cuda/open_device.h"
#include "cuda/platform.h"

namespace sparkllama::cuda {
namespace {

constexpr int kLeastCapability = 8;  // sm_80: asynchronous copies, integer tensor cores

// Shared memory that a block of the kernels may ask for: what sm_80 and sm_90 have, and sm_86,
// sm_89 and sm_120 (A10, L4, RTX) have not.
constexpr size_t kLeastSharedBytes = 163 * 1024;

class CudaDevice final : public Device {
 public:
  CudaDevice(int32_t ordinal, const cudaDeviceProp& properties, size_t free_bytes)
      : ordinal_(ordinal) {
    std::snprintf(name_, sizeof name_, "%s", properties.name);
    facts_ = {.free_bytes = static_cast<int64_t>(free_bytes),
              .total_bytes = static_cast<int64_t>(properties.totalGlobalMem),
              .multiprocessors = properties.multiProcessorCount,
              .capability_major = properties.major,
              .capability_minor = properties.minor,
              .name = name_};
  }

  const DeviceFacts& facts() const override { return facts_; }

  Backend* make_backend(const BackendCapacity& capacity) override {
    auto* backend = new (std::nothrow) CudaBackend(ordinal_, facts_.multiprocessors, capacity);
    if (backend == nullptr) {
      failure_ = {BackendFailure::Kind::kMemory,
                  "The processor has no memory for a device's backend"};
      return nullptr;
    }
    failure_ = backend->start();
    if (failure_.kind == BackendFailure::Kind::kNone) return backend;
    delete backend;
    return nullptr;
  }

  BackendFailure failure() const override { return failure_; }

 private:
  int32_t ordinal_;
  DeviceFacts facts_ = {};
  BackendFailure failure_;
  char name_[256] = {};
};

// Writes why there is no device, and returns that there is none.
Device* refuse(char* message, size_t message_bytes, const char* reason, const char* detail) {
  std::snprintf(message, message_bytes, "%s: %s", reason, detail);
  return nullptr;
}

}  // namespace
}  // namespace sparkllama::cuda

using namespace sparkllama;
using namespace sparkllama::cuda;

Device* sparkllama_open_device(const char* wanted_build_id, int32_t ordinal, char* message,
                               size_t message_bytes) {
  if (std::strcmp(wanted_build_id, build_id()) != 0) {
    return refuse(message, message_bytes,
                  "the CUDA library is of other sources than the engine: take both of one release",
                  build_id());
  }
  int count = 0;
  cudaError_t error = cudaGetDeviceCount(&count);
  if (error != cudaSuccess) {
    return refuse(message, message_bytes, "the NVIDIA driver shows no device",
                  cudaGetErrorString(error));
  }
  if (ordinal < 0 || ordinal >= count) {
    char numbers[64];
    std::snprintf(numbers, sizeof numbers, "%d, of %d", ordinal, count);
    return refuse(message, message_bytes, "there is no device of this number", numbers);
  }
  cudaDeviceProp properties;
  size_t free_bytes = 0;
  size_t total_bytes = 0;
  error = cudaGetDeviceProperties(&properties, ordinal);
  if (error == cudaSuccess && properties.major < kLeastCapability) {
    return refuse(message, message_bytes,
                  "the device is older than compute capability 8.0, which the kernels need",
                  properties.name);
  }
  if (error == cudaSuccess && properties.sharedMemPerBlockOptin < kLeastSharedBytes) {
    return refuse(
        message, message_bytes,
        "the device has less shared memory in a block than the kernels need, which is that "
        "of A100, H100 and their like",
        properties.name);
  }
  if (error == cudaSuccess) error = cudaSetDevice(ordinal);
  if (error == cudaSuccess) error = cudaMemGetInfo(&free_bytes, &total_bytes);
  if (error != cudaSuccess) {
    return refuse(message, message_bytes, "the device cannot be opened", cudaGetErrorString(error));
  }
  auto* device = new (std::nothrow) CudaDevice(ordinal, properties, free_bytes);
  if (device == nullptr) {
    return refuse(message, message_bytes, "the processor has no memory left", properties.name);
  }
  return device;
}
