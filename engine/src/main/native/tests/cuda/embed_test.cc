// Compares rows that a device reads from the embedding table with those of the reference kernels:
// so it checks the layout of every type, too.
#include "cuda/kernels/embed.h"

#include <limits>
#include <string>
#include <vector>

#include "cpu/kernel_dispatch.h"
#include "tests/cuda/fiber_orders.h"
#include "tests/cuda/placed_weights.h"
#include "tests/kernel_check.h"
#include "tests/packed_weights.h"
#include "tests/random.h"

using namespace sparkllama;
using namespace sparkllama::cuda;
using namespace sparkllama::testing;

namespace {

void compare(TensorType type, int64_t rows, int64_t columns, cudaStream_t stream) {
  Random random(static_cast<uint64_t>(rows * 1000 + columns));
  const KernelTable& reference = *kernel_table(InstructionSet::kReference);
  const std::vector<std::byte> data = random_weights(type, rows * columns, rows != 17, random);
  const PackedWeights packed(type, data.data(), rows, columns);
  const PlacedWeights placed(packed.matrix(), stream);
  std::vector<int32_t> ids = {-1, 0, static_cast<int32_t>(rows - 1)};
  for (int i = 0; i < 8; ++i) ids.push_back(static_cast<int32_t>(random.bits() % rows));
  const auto num_rows = static_cast<int32_t>(ids.size() - 1);
  DeviceStep step = {};
  step.token_ids = ids.data();
  for (const float factor : {1.0f, 45.254834f}) {
    constexpr float kUntouched = -12345.0f;
    std::vector<float> expected(ids.size() * columns, kUntouched);
    std::vector<float> actual = expected;
    for (int32_t t = 0; t < num_rows; ++t) {
      float* row = expected.data() + t * columns;
      std::fill(row, row + columns, std::numeric_limits<float>::quiet_NaN());
      if (ids[t] < 0) continue;
      reference.dequantize_row(packed.matrix(), ids[t], row);
      if (factor != 1.0f) reference.scale(row, factor, columns);
    }
    launch_embed({stream, &num_rows, num_rows + 1, 4}, step, placed.matrix(), factor,
                 actual.data());
    EXPECT_EQUAL(cudaStreamSynchronize(stream), cudaSuccess);
    expect_same(actual, expected,
                std::string(tensor_type_name(type)) + " table of " + std::to_string(rows) + " by " +
                    std::to_string(columns));
  }
}

}  // namespace

int main() {
  cudaStream_t stream;
  EXPECT_EQUAL(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), cudaSuccess);
  in_all_fiber_orders([stream] {
    for (const TensorType type : kAllTypes) {
      const int64_t block = block_columns(type);
      for (const int64_t rows : {1, 16, 17, 100}) {
        for (const int64_t blocks : {1, 2, 5}) compare(type, rows, block * blocks, stream);
      }
    }
  });
  EXPECT_EQUAL(cudaStreamDestroy(stream), cudaSuccess);
  return result();
}
