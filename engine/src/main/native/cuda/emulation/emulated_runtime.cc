#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "cuda/emulation/emulation.h"

namespace sparkllama::cuda::emulation {

struct Graph {
  std::vector<std::function<void()>> work;
};

struct Stream {
  std::vector<std::function<void()>> waiting;
  Graph* captured = nullptr;
};

namespace {

constexpr size_t kBorder = 256;  // as cudaMalloc

struct Device {
  size_t limit = size_t{4} << 30;
  size_t taken = 0;
  std::map<void*, size_t> allocated;
  cudaError_t planted = cudaSuccess;
  cudaError_t failure = cudaSuccess;  // of what ran, which stays
};

Device& device() {
  static Device* the_device = new Device;
  return *the_device;
}

bool capture_planted = false;
bool captured_too_much = false;  // the capture under way will fail

thread_local cudaError_t last = cudaSuccess;  // of this thread's calls

cudaError_t noted(cudaError_t error) {
  if (error != cudaSuccess) last = error;
  return error;
}

void run(Stream& stream) {
  static std::mutex one_at_a_time;  // threads may wait for streams of their own
  const std::lock_guard<std::mutex> lock(one_at_a_time);
  // Work may not enqueue more.
  for (const auto& work : std::exchange(stream.waiting, {})) {
    if (device().planted != cudaSuccess) {
      device().failure = std::exchange(device().planted, cudaSuccess);
    }
    if (device().failure == cudaSuccess) work();
  }
}

void* on_border(size_t bytes) {
  const size_t whole = (bytes + kBorder - 1) / kBorder * kBorder;
  return std::aligned_alloc(kBorder, whole == 0 ? kBorder : whole);
}

}  // namespace

void enqueue(Stream* stream, std::function<void()> work) {
  (stream->captured != nullptr ? stream->captured->work : stream->waiting)
      .push_back(std::move(work));
}

void set_memory_limit(size_t bytes) { device().limit = bytes; }

void plant_failure(cudaError_t failure) { device().planted = failure; }

void plant_capture_failure() { capture_planted = true; }

bool capture_failure_is_planted() { return capture_planted; }

void reset_device() {
  if (!device().allocated.empty()) {
    std::fprintf(stderr, "The emulated device is reset while %zu allocations are left\n",
                 device().allocated.size());
    std::abort();
  }
  device() = Device();
  last = cudaSuccess;
}

}  // namespace sparkllama::cuda::emulation

using namespace sparkllama::cuda::emulation;

cudaError_t cudaGetDeviceCount(int* count) {
  *count = 1;
  return cudaSuccess;
}

cudaError_t cudaSetDevice(int number) {
  return noted(number == 0 ? cudaSuccess : cudaErrorInvalidDevice);
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int number) {
  if (number != 0) return noted(cudaErrorInvalidDevice);
  *properties = {};
  std::strcpy(properties->name, "emulated device");
  properties->totalGlobalMem = device().limit;
  properties->major = 9;
  properties->multiProcessorCount = 4;
  properties->sharedMemPerBlockOptin = shared_limit();
  return cudaSuccess;
}

cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  *free = device().limit - device().taken;
  *total = device().limit;
  return noted(device().failure);
}

cudaError_t cudaMalloc(void** pointer, size_t bytes) {
  if (device().failure != cudaSuccess) return noted(device().failure);
  if (bytes > device().limit - device().taken) return noted(cudaErrorMemoryAllocation);
  *pointer = on_border(bytes);
  if (*pointer == nullptr) return noted(cudaErrorMemoryAllocation);
  std::memset(*pointer, 0xff, bytes);
  device().allocated[*pointer] = bytes;
  device().taken += bytes;
  return cudaSuccess;
}

cudaError_t cudaFree(void* pointer) {
  if (pointer == nullptr) return cudaSuccess;
  const auto found = device().allocated.find(pointer);
  if (found == device().allocated.end()) return noted(cudaErrorInvalidValue);
  device().taken -= found->second;
  device().allocated.erase(found);
  std::free(pointer);
  return cudaSuccess;
}

cudaError_t cudaMallocHost(void** pointer, size_t bytes) {
  *pointer = on_border(bytes);
  return noted(*pointer == nullptr ? cudaErrorMemoryAllocation : cudaSuccess);
}

cudaError_t cudaFreeHost(void* pointer) {
  std::free(pointer);
  return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void* target, const void* source, size_t bytes, cudaMemcpyKind,
                            cudaStream_t stream) {
  enqueue(stream, [=] { std::memcpy(target, source, bytes); });
  return noted(device().failure);
}

cudaError_t cudaMemsetAsync(void* target, int value, size_t bytes, cudaStream_t stream) {
  enqueue(stream, [=] { std::memset(target, value, bytes); });
  return noted(device().failure);
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  *stream = new Stream;
  return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  run(*stream);
  delete stream;
  return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  if (stream->captured != nullptr) return noted(cudaErrorInvalidValue);
  run(*stream);
  return noted(device().failure);
}

cudaError_t cudaGetLastError() { return std::exchange(last, cudaSuccess); }

const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
    case cudaSuccess:
      return "no error";
    case cudaErrorMemoryAllocation:
      return "out of memory";
    case cudaErrorInvalidDevice:
      return "invalid device ordinal";
    case cudaErrorLaunchFailure:
      return "unspecified launch failure";
    default:
      return "invalid argument";
  }
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
  if (stream->captured != nullptr) return noted(cudaErrorInvalidValue);
  captured_too_much = std::exchange(capture_planted, false);
  stream->captured = new Graph;
  return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  if (stream->captured == nullptr) return noted(cudaErrorInvalidValue);
  *graph = std::exchange(stream->captured, nullptr);
  if (!std::exchange(captured_too_much, false)) return cudaSuccess;
  delete std::exchange(*graph, nullptr);
  return noted(cudaErrorStreamCaptureInvalidated);
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph,
                                 unsigned long long) {
  *executable = new Graph(*graph);
  return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) {
  for (const auto& work : executable->work) enqueue(stream, work);
  return noted(device().failure);
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete graph;
  return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
  delete executable;
  return cudaSuccess;
}
