#include "base/portable_math.h"
#include "cuda/kernels/activate_rows.h"

namespace sparkllama::cuda {
namespace {

constexpr int32_t kThreads = 256;
constexpr int32_t kRange = 4 * kThreads;  // columns of a block: whole blocks of all formats

struct ActivationArguments {
  const int32_t* num_rows;
  ActivationRows rows;
  FormatSet formats;
  QuantizedRows out;
};

template <Activation kActivation>
__device__ float activated(float v, float up) {
  if constexpr (kActivation == Activation::kSwiglu) {
    return (v / (1.0f + portable::exponential(-v))) * up;
  } else if constexpr (kActivation == Activation::kGeglu) {
    // -2 sqrt(2 / pi), and 0.044715 of it.
    const float inner = fused(v * v, -0x1.2444f2p-4f, -0x1.988454p+0f);
    return (v / (1.0f + portable::exponential(v * inner))) * up;
  } else {
    return v * portable::normal_probability(v);
  }
}

// A block takes a range of a row's columns.
template <Activation kActivation>
__global__ void __launch_bounds__(kThreads) activate_rows(ActivationArguments arguments) {
  const int64_t row = blockIdx.x;
  if (row >= *arguments.num_rows) return;
  const int64_t columns = arguments.rows.columns;
  const int64_t first = int64_t{blockIdx.y} * kRange;
  const auto count = static_cast<int32_t>(columns - first < kRange ? columns - first : kRange);
  float* gate = arguments.rows.gate + row * columns + first;
  const float* up = nullptr;
  if constexpr (kActivation != Activation::kGelu) up = arguments.rows.up + row * columns + first;
  auto* values = reinterpret_cast<float*>(dynamic_shared());
  float gates[kRange / kThreads];  // all loads come before the first store
  float ups[kRange / kThreads];
#pragma unroll
  for (int k = 0; k < kRange / kThreads; ++k) {
    const int32_t i = k * kThreads + static_cast<int32_t>(threadIdx.x);
    gates[k] = i < count ? gate[i] : 0.0f;
    ups[k] = 0.0f;
    if (kActivation != Activation::kGelu && i < count) ups[k] = up[i];
  }
#pragma unroll
  for (int k = 0; k < kRange / kThreads; ++k) {
    const int32_t i = k * kThreads + static_cast<int32_t>(threadIdx.x);
    if (i < count) gate[i] = values[i] = activated<kActivation>(gates[k], ups[k]);
  }
  sync_block();
  store_quantized(arguments.out, arguments.formats, row, values, {first, count, columns});
}

struct CapArguments {
  float* values;
  float cap;
  int64_t count;
};

__global__ void __launch_bounds__(kThreads) cap_values(CapArguments arguments) {
  const int64_t first = int64_t{blockIdx.x} * kRange + threadIdx.x;
  float values[kRange / kThreads];
#pragma unroll
  for (int k = 0; k < kRange / kThreads; ++k) {
    const int64_t i = first + k * kThreads;
    values[k] = i < arguments.count ? arguments.values[i] : 0.0f;
  }
#pragma unroll
  for (int k = 0; k < kRange / kThreads; ++k) {
    const int64_t i = first + k * kThreads;
    if (i >= arguments.count) continue;
    arguments.values[i] = arguments.cap * portable::hyperbolic_tangent(values[k] / arguments.cap);
  }
}

template <Activation kActivation>
void launch_kind(const RowLaunch& on, const ActivationArguments& arguments) {
  const int64_t ranges = (arguments.rows.columns + kRange - 1) / kRange;
  launch(activate_rows<kActivation>,
         {dim3(static_cast<unsigned>(on.max_rows), static_cast<unsigned>(ranges)), dim3(kThreads),
          kRange * sizeof(float)},
         on.stream, arguments);
}

}  // namespace

void launch_activation(const RowLaunch& on, const ActivationRows& rows, FormatSet formats,
                       const QuantizedRows& out) {
  const ActivationArguments arguments = {on.num_rows, rows, formats, out};
  switch (rows.activation) {
    case Activation::kSwiglu:
      return launch_kind<Activation::kSwiglu>(on, arguments);
    case Activation::kGeglu:
      return launch_kind<Activation::kGeglu>(on, arguments);
    case Activation::kGelu:
      return launch_kind<Activation::kGelu>(on, arguments);
  }
}

void launch_soft_cap(cudaStream_t stream, float* values, float cap, int64_t count) {
  const int64_t blocks = (count + kRange - 1) / kRange;
  launch(cap_values, {dim3(static_cast<unsigned>(blocks)), dim3(kThreads)}, stream,
         CapArguments{values, cap, count});
}

}  // namespace sparkllama::cuda
