#include "base/portable_math.h"
#include "cuda/kernels/rotations.h"

namespace sparkllama::cuda {
namespace {

constexpr int32_t kThreads = 128;

struct RotationArguments {
  const int32_t* num_rows;
  const int32_t* positions;
  RotationTable table;
  int32_t pairs;  // of a token
  RopePair* out;  // [num_rows, pairs]
};

// A thread computes pairs of a token.
__global__ void compute_rotations(RotationArguments arguments) {
  const int64_t token = blockIdx.x;
  if (token >= *arguments.num_rows) return;
  const int32_t position = arguments.positions[token];
  for (auto i = static_cast<int32_t>(threadIdx.x); i < arguments.pairs; i += kThreads) {
    const SineCosine angle =
        portable::sine_cosine(position * arguments.table.inverse_frequencies[i]);
    arguments.out[token * arguments.pairs + i] = {
        static_cast<float>(angle.cosine * arguments.table.magnitude),
        static_cast<float>(angle.sine * arguments.table.magnitude)};
  }
}

}  // namespace

void launch_rotations(const RowLaunch& on, const DeviceStep& step, const RotationTable* tables,
                      int64_t num_tables, const RotationPlaces& places) {
  const int32_t pairs = places.rope_dimension / 2;
  for (int64_t i = 0; i < num_tables; ++i) {
    launch(compute_rotations, {dim3(static_cast<unsigned>(on.max_rows)), dim3(kThreads)}, on.stream,
           RotationArguments{on.num_rows, step.positions, tables[i], pairs,
                             places.pairs + i * places.token_stride * pairs});
  }
}

}  // namespace sparkllama::cuda
