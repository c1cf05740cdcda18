#include <algorithm>
#include <cstring>
#include <system_error>
#include <thread>
#include <vector>

#include "cuda/kernels/weight_layout.h"
#include "cuda/weight_upload.h"

namespace sparkllama::cuda {

WeightUpload::~WeightUpload() {
  for (Lane& lane : lanes_) {
    if (lane.stream != nullptr) cudaStreamDestroy(lane.stream);
  }
}

bool WeightUpload::start(int32_t device, DeviceMemory& memory) {
  device_ = device;
  for (Lane& lane : lanes_) {
    lane.pinned = memory.take_pinned(kLaneBytes);
    lane.staged = memory.take(kLaneBytes);
    if (lane.pinned == nullptr || lane.staged == nullptr ||
        cudaStreamCreateWithFlags(&lane.stream, cudaStreamNonBlocking) != cudaSuccess) {
      return false;
    }
  }
  return true;
}

// Calls piece(index, lane) for every piece; a lane's pieces follow one another.
template <typename Piece>
void WeightUpload::run_lanes(int64_t pieces, const Piece& piece) {
  const auto run = [&](int which) {
    Lane& lane = lanes_[which];
    for (int64_t index = which; index < pieces && lane.failure == cudaSuccess; index += kLanes) {
      // What the lane copied before is no longer read then.
      lane.failure = cudaStreamSynchronize(lane.stream);
      if (lane.failure != cudaSuccess) break;
      piece(index, lane);
      const cudaError_t launched = cudaGetLastError();  // of this thread's launch
      if (lane.failure == cudaSuccess) lane.failure = launched;
    }
  };
  std::vector<std::thread> threads;
  threads.reserve(kLanes);
  int lanes = 1;
  try {
    for (; lanes < kLanes && lanes < pieces; ++lanes) {
      threads.emplace_back([&run, this, which = lanes] {
        lanes_[which].failure = cudaSetDevice(device_);  // which a thread has to say
        run(which);
      });
    }
  } catch (const std::system_error&) {
    // There are no more threads to be had; no exception leaves the library.
  }
  run(0);
  for (; lanes < kLanes && lanes < pieces; ++lanes) run(lanes);
  for (std::thread& thread : threads) thread.join();
}

void WeightUpload::place(const PackedMatrix& weights, const PackedMatrix& placed) {
  const int64_t bytes = panel_bytes(weights.type, weights.columns);
  const int64_t panels = panel_count(weights.rows);
  const int64_t most = std::max<int64_t>(kLaneBytes / bytes, 1);
  run_lanes((panels + most - 1) / most, [&](int64_t index, Lane& lane) {
    const int64_t first = index * most;
    const int64_t count = std::min(most, panels - first);
    std::memcpy(lane.pinned, weights.data + first * bytes, static_cast<size_t>(count * bytes));
    lane.failure = cudaMemcpyAsync(lane.staged, lane.pinned, static_cast<size_t>(count * bytes),
                                   cudaMemcpyHostToDevice, lane.stream);
    launch_place_panels({lane.stream, static_cast<const std::byte*>(lane.staged), first, count},
                        placed);
  });
}

void WeightUpload::copy(const void* source, int64_t bytes, void* target) {
  run_lanes((bytes + kLaneBytes - 1) / kLaneBytes, [&](int64_t index, Lane& lane) {
    const int64_t first = index * kLaneBytes;
    const auto count = static_cast<size_t>(std::min(kLaneBytes, bytes - first));
    std::memcpy(lane.pinned, static_cast<const std::byte*>(source) + first, count);
    lane.failure = cudaMemcpyAsync(static_cast<std::byte*>(target) + first, lane.pinned, count,
                                   cudaMemcpyHostToDevice, lane.stream);
  });
}

cudaError_t WeightUpload::wait() {
  cudaError_t failure = cudaSuccess;
  for (Lane& lane : lanes_) {
    const cudaError_t waited = cudaStreamSynchronize(lane.stream);
    if (failure == cudaSuccess) failure = lane.failure != cudaSuccess ? lane.failure : waited;
  }
  return failure;
}

}  // namespace sparkllama::cuda
