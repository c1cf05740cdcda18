// Brings the words of CUDA: from the toolkit, or from the emulation, with which the same kernels
// run on a processor so that tests need no device.
//
// Kernels take one struct and are started by launch(). They use what stands here and in
// intrinsics.h, and nothing else of CUDA's, so that both compile them.
#pragma once

#if defined(SPARKLLAMA_CUDA_EMULATED)
#include "cuda/emulation/emulation.h"
#else
#include <cuda_runtime.h>

namespace sparkllama::cuda {

// How many blocks of how many threads, with how many bytes of dynamic shared memory each.
struct LaunchShape {
  dim3 blocks;
  dim3 threads;
  size_t shared_bytes = 0;
};

// The dynamic shared memory of a block, on a border of 128 bytes.
__device__ inline unsigned char* dynamic_shared() {
  extern __shared__ __align__(128) unsigned char sparkllama_dynamic_shared[];
  return sparkllama_dynamic_shared;
}

// Asks that a multiprocessor give as much as it can to shared memory while this kernel runs, where
// several blocks of a kernel are to stand on one, and what they read does not come through the
// cache that gives it.
template <typename Arguments>
void prefer_shared_memory(void (*kernel)(Arguments)) {
  cudaFuncSetAttribute(kernel, cudaFuncAttributePreferredSharedMemoryCarveout,
                       cudaSharedmemCarveoutMaxShared);
}

// Enqueues a kernel. A launch that cannot be made is the thread's last error (cudaGetLastError),
// what fails in the kernel is told by whoever waits for the stream.
template <typename Arguments>
void launch(void (*kernel)(Arguments), const LaunchShape& shape, cudaStream_t stream,
            const Arguments& arguments) {
  if (shape.shared_bytes > 48 * 1024) {  // more has to be asked for
    cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                         static_cast<int>(shape.shared_bytes));
  }
  void* list[] = {const_cast<Arguments*>(&arguments)};
  cudaLaunchKernel(reinterpret_cast<const void*>(kernel), shape.blocks, shape.threads, list,
                   shape.shared_bytes, stream);
}

}  // namespace sparkllama::cuda
#endif
