// Runs kernels on a processor as a device would, for tests: each thread of a block is a fiber, and
// fibers change at barriers and at what a warp does together.
//
// Blocks run one after another, streams at once. Shared memory is filled with NaN before each
// block, and the order of the fibers can be set: a kernel whose results change with it lacks a
// barrier. A barrier that some thread never reaches ends the process with a message.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <type_traits>

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __restrict__ __restrict
#define __align__(n) alignas(n)

struct dim3 {
  unsigned x = 1;
  unsigned y = 1;
  unsigned z = 1;
  constexpr dim3(unsigned x_size = 1, unsigned y_size = 1, unsigned z_size = 1)
      : x(x_size), y(y_size), z(z_size) {}
};

namespace sparkllama::cuda {

struct LaunchShape {
  dim3 blocks;
  dim3 threads;
  size_t shared_bytes = 0;
};

namespace emulation {

constexpr int kWarpSize = 32;

// Where the running fiber stands in its grid.
struct Place {
  dim3 thread;
  dim3 block;
  dim3 block_size;
  dim3 grid_size;
};
const Place& place();

unsigned char* dynamic_shared();

// What a block may have of shared memory, from now on: 227 KiB, as sm_90 gives, unless less is set.
void set_shared_limit(size_t bytes);
size_t shared_limit();

// Waits until every thread of the block is here.
void sync_block();

// Gives this lane's bytes to the warp and returns those of all lanes, [kWarpSize][bytes], until the
// warp's next exchange but one. Every lane of the warp has to come, with as many bytes.
const std::byte* exchange(const void* mine, size_t bytes);

// Copies of 16 bytes that happen no sooner than their thread waits for them.
void copy_async(void* target, const void* source);
void commit_copies();
void wait_for_copies(int left);

// The order in which fibers run between barriers.
enum class FiberOrder { kForward, kBackward, kScattered };
void set_fiber_order(FiberOrder order);

// Runs body() once for every thread of every block.
void run_grid(const LaunchShape& shape, const std::function<void()>& body);

}  // namespace emulation
}  // namespace sparkllama::cuda

#define threadIdx (::sparkllama::cuda::emulation::place().thread)
#define blockIdx (::sparkllama::cuda::emulation::place().block)
#define blockDim (::sparkllama::cuda::emulation::place().block_size)
#define gridDim (::sparkllama::cuda::emulation::place().grid_size)

#include "cuda/emulation/emulated_runtime.h"

namespace sparkllama::cuda {

inline unsigned char* dynamic_shared() { return emulation::dynamic_shared(); }

template <typename Arguments>
void prefer_shared_memory(void (*)(Arguments)) {}

template <typename Arguments>
void launch(void (*kernel)(Arguments), const LaunchShape& shape, cudaStream_t stream,
            const Arguments& arguments) {
  emulation::enqueue(stream, [=] { emulation::run_grid(shape, [&] { kernel(arguments); }); });
}

}  // namespace sparkllama::cuda
