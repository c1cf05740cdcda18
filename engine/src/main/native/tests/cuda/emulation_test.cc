// Runs small kernels on the emulated device: barriers, what a warp does together, integer products,
// copies that are waited for and streams that are not, graphs, failures.
#include "cuda/emulation/emulation.h"

#include <cstdint>
#include <cstring>
#include <vector>

#include "cuda/intrinsics.h"
#include "tests/expect.h"
#include "tests/random.h"

using namespace sparkllama;
using namespace sparkllama::cuda;
using sparkllama::testing::result;

namespace {

struct Rotation {
  const float* in;
  float* out;
};

// Each thread writes what its neighbour has put into shared memory.
__global__ void rotate(Rotation arguments) {
  auto* shared = reinterpret_cast<float*>(dynamic_shared());
  const unsigned at = blockIdx.x * blockDim.x + threadIdx.x;
  shared[threadIdx.x] = arguments.in[at];
  sync_block();
  arguments.out[at] = shared[(threadIdx.x + 1) % blockDim.x];
}

void test_barrier(cudaStream_t stream) {
  constexpr int kThreads = 96;
  constexpr int kBlocks = 3;
  std::vector<float> in(kThreads * kBlocks);
  for (size_t i = 0; i < in.size(); ++i) in[i] = static_cast<float>(i);
  for (const auto order : {emulation::FiberOrder::kForward, emulation::FiberOrder::kBackward,
                           emulation::FiberOrder::kScattered}) {
    emulation::set_fiber_order(order);
    std::vector<float> out(in.size(), -1.0f);
    launch(rotate, {dim3(kBlocks), dim3(kThreads), kThreads * sizeof(float)}, stream,
           Rotation{in.data(), out.data()});
    EXPECT_EQUAL(out[0], -1.0f);  // nothing runs before somebody waits
    EXPECT_EQUAL(cudaStreamSynchronize(stream), cudaSuccess);
    for (int i = 0; i < kThreads * kBlocks; ++i) {
      const int expected = i / kThreads * kThreads + (i + 1) % kThreads;
      EXPECT_EQUAL(out[i], static_cast<float>(i % kThreads == kThreads - 1 ? i / kThreads * kThreads
                                                                           : expected));
    }
  }
  emulation::set_fiber_order(emulation::FiberOrder::kForward);
}

struct WarpWork {
  int32_t* sums;
  int32_t* third;
  uint32_t* odd;
};

__global__ void use_warp(WarpWork arguments) {
  const int lane = static_cast<int>(threadIdx.x) % kWarpSize;
  int32_t sum = static_cast<int32_t>(threadIdx.x);
  for (int mask = 16; mask > 0; mask /= 2) sum += shuffle_xor(sum, mask);
  arguments.sums[threadIdx.x] = sum;
  arguments.third[threadIdx.x] = shuffle(static_cast<int32_t>(threadIdx.x), 3);
  arguments.odd[threadIdx.x] = lanes_where(lane % 2 == 1);
}

void test_warp(cudaStream_t stream) {
  std::vector<int32_t> sums(64), third(64);
  std::vector<uint32_t> odd(64);
  launch(use_warp, {dim3(1), dim3(64)}, stream, WarpWork{sums.data(), third.data(), odd.data()});
  EXPECT_EQUAL(cudaStreamSynchronize(stream), cudaSuccess);
  for (int i = 0; i < 64; ++i) {
    EXPECT_EQUAL(sums[i], i < 32 ? 496 : 496 + 32 * 32);
    EXPECT_EQUAL(third[i], i < 32 ? 3 : 35);
    EXPECT_EQUAL(odd[i], 0xaaaaaaaau);
  }
}

struct CodeProduct {
  const uint8_t* a;  // [16][32]
  const int8_t* b;   // [8][32]: columns of the product's second matrix
  int32_t* d;        // [16][8]
  int32_t first;     // of c
};

template <CodeSign kSign>
__global__ void multiply_once(CodeProduct arguments) {
  const int g = static_cast<int>(threadIdx.x) / 4;
  const int t = static_cast<int>(threadIdx.x) % 4;
  uint32_t a[4], b[2];
  for (int i = 0; i < 4; ++i) {
    std::memcpy(&a[i], arguments.a + (g + i % 2 * 8) * 32 + i / 2 * 16 + 4 * t, 4);
  }
  for (int i = 0; i < 2; ++i) std::memcpy(&b[i], arguments.b + g * 32 + i * 16 + 4 * t, 4);
  const int32_t c[4] = {arguments.first, arguments.first, arguments.first, arguments.first};
  int32_t d[4];
  multiply_codes<kSign>(d, a, b, c);
  for (int i = 0; i < 4; ++i) arguments.d[(g + i / 2 * 8) * 8 + 2 * t + i % 2] = d[i];
}

template <CodeSign kSign>
void test_product(cudaStream_t stream) {
  testing::Random random(7);
  std::vector<uint8_t> a(16 * 32);
  std::vector<int8_t> b(8 * 32);
  for (uint8_t& x : a) x = static_cast<uint8_t>(random.bits());
  for (int8_t& x : b) x = static_cast<int8_t>(random.bits());
  std::vector<int32_t> d(16 * 8);
  launch(multiply_once<kSign>, {dim3(1), dim3(32)}, stream,
         CodeProduct{a.data(), b.data(), d.data(), 1000});
  EXPECT_EQUAL(cudaStreamSynchronize(stream), cudaSuccess);
  for (int row = 0; row < 16; ++row) {
    for (int column = 0; column < 8; ++column) {
      int32_t sum = 1000;
      for (int k = 0; k < 32; ++k) {
        const uint8_t code = a[row * 32 + k];
        sum += (kSign == CodeSign::kSigned ? int32_t{static_cast<int8_t>(code)} : int32_t{code}) *
               b[column * 32 + k];
      }
      EXPECT_EQUAL(d[row * 8 + column], sum);
    }
  }
}

struct LateCopy {
  const uint32_t* in;  // [4 * 2]
  uint32_t* before;    // [3]: both words when one group was waited for, the second when both were
};

__global__ void copy_late(LateCopy arguments) {
  auto* shared = reinterpret_cast<uint32_t*>(dynamic_shared());
  shared[0] = shared[4] = 5;
  copy_async(shared, arguments.in);
  commit_copies();
  copy_async(shared + 4, arguments.in + 4);
  commit_copies();
  wait_for_copies<1>();
  arguments.before[0] = shared[0];
  arguments.before[1] = shared[4];
  wait_for_copies<0>();
  arguments.before[2] = shared[4];
}

void test_copies(cudaStream_t stream) {
  alignas(16) const uint32_t in[8] = {11, 12, 13, 14, 21, 22, 23, 24};
  uint32_t before[3] = {};
  launch(copy_late, {dim3(1), dim3(1), 32}, stream, LateCopy{in, before});
  EXPECT_EQUAL(cudaStreamSynchronize(stream), cudaSuccess);
  EXPECT_EQUAL(before[0], 11u);
  EXPECT_EQUAL(before[1], 5u);
  EXPECT_EQUAL(before[2], 21u);
}

struct Increment {
  int32_t* value;
};

__global__ void increment(Increment arguments) { ++*arguments.value; }

void test_graph(cudaStream_t stream) {
  int32_t value = 0;
  cudaGraph_t graph;
  cudaGraphExec_t executable;
  EXPECT_EQUAL(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), cudaSuccess);
  launch(increment, {dim3(1), dim3(1)}, stream, Increment{&value});
  EXPECT_EQUAL(cudaStreamSynchronize(stream), cudaErrorInvalidValue);
  EXPECT_EQUAL(cudaStreamEndCapture(stream, &graph), cudaSuccess);
  EXPECT_EQUAL(cudaGraphInstantiate(&executable, graph, 0), cudaSuccess);
  EXPECT_EQUAL(cudaGraphDestroy(graph), cudaSuccess);
  for (int i = 0; i < 3; ++i) cudaGraphLaunch(executable, stream);
  EXPECT_EQUAL(cudaStreamSynchronize(stream), cudaSuccess);
  EXPECT_EQUAL(value, 3);
  EXPECT_EQUAL(cudaGraphExecDestroy(executable), cudaSuccess);
}

void test_memory_and_failures(cudaStream_t stream) {
  emulation::set_memory_limit(1000);
  void* first = nullptr;
  void* second = nullptr;
  EXPECT_EQUAL(cudaMalloc(&first, 800), cudaSuccess);
  EXPECT_EQUAL(cudaMalloc(&second, 300), cudaErrorMemoryAllocation);
  EXPECT_EQUAL(cudaGetLastError(), cudaErrorMemoryAllocation);
  EXPECT_EQUAL(cudaFree(first), cudaSuccess);
  EXPECT_EQUAL(cudaMalloc(&second, 300), cudaSuccess);
  EXPECT_EQUAL(cudaFree(second), cudaSuccess);

  int32_t value = 0;
  emulation::plant_failure(cudaErrorLaunchFailure);
  launch(increment, {dim3(1), dim3(1)}, stream, Increment{&value});
  EXPECT_EQUAL(cudaStreamSynchronize(stream), cudaErrorLaunchFailure);
  EXPECT_EQUAL(value, 0);
  EXPECT_EQUAL(cudaStreamSynchronize(stream), cudaErrorLaunchFailure);
  emulation::reset_device();
}

}  // namespace

int main() {
  cudaStream_t stream;
  EXPECT_EQUAL(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), cudaSuccess);
  test_barrier(stream);
  test_warp(stream);
  test_product<CodeSign::kSigned>(stream);
  test_product<CodeSign::kUnsigned>(stream);
  test_copies(stream);
  test_graph(stream);
  test_memory_and_failures(stream);
  EXPECT_EQUAL(cudaStreamDestroy(stream), cudaSuccess);
  return result();
}
