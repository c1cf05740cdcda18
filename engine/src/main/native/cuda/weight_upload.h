// Brings weights from a mapped file to the device, in pieces that several threads copy at once: one
// thread that reads pages of a file cannot keep the bus busy.
#pragma once

#include <array>
#include <cstdint>

#include "cuda/device_memory.h"
#include "cuda/platform.h"
#include "tensor/packed_layout.h"

namespace sparkllama::cuda {

class WeightUpload {
 public:
  WeightUpload() = default;
  ~WeightUpload();
  WeightUpload(const WeightUpload&) = delete;
  WeightUpload& operator=(const WeightUpload&) = delete;

  // Takes what it needs. Returns whether there was so much.
  bool start(int32_t device, DeviceMemory& memory);

  // Copies the panels and puts them into the device's layout: `placed` has the memory for that.
  // Done when wait() has returned.
  void place(const PackedMatrix& weights, const PackedMatrix& placed);
  // Copies bytes as they are.
  void copy(const void* source, int64_t bytes, void* target);

  // Waits for all copies. Returns the first failure.
  cudaError_t wait();

 private:
  static constexpr int kLanes = 4;
  static constexpr int64_t kLaneBytes = int64_t{16} << 20;

  // A thread's own: what it copies into, and the stream in which that is copied on.
  struct Lane {
    cudaStream_t stream = nullptr;
    void* pinned = nullptr;
    void* staged = nullptr;
    cudaError_t failure = cudaSuccess;
  };

  template <typename Piece>
  void run_lanes(int64_t pieces, const Piece& piece);

  int32_t device_ = 0;
  std::array<Lane, kLanes> lanes_;
};

}  // namespace sparkllama::cuda
