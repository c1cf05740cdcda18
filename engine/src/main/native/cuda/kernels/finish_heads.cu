#include "cuda/kernels/finish_heads.h"
#include "cuda/kernels/kv_elements.h"
#include "cuda/kernels/lane_sums.h"
#include "cuda/quantized_rows.h"

namespace sparkllama::cuda {
namespace {

constexpr int32_t kThreads = 256;
constexpr int32_t kHalfWarps = kThreads / kSumLanes;

struct HeadArguments {
  const int32_t* num_rows;
  const int32_t* kv_slots;  // [num_rows], of the layer's KV group
  HeadFinish heads;
  const RopePair* rotations;  // [num_rows, rope_dimension / 2]; null for none
  int32_t query_width;
  int32_t kv_width;
};

// A token's heads in shared memory, and what its norms multiply by.
struct HeadPlaces {
  float* queries;  // [query_width]
  float* keys;     // [kv_width]
  float* values;   // [kv_width]
  float* factors;  // [query_width / norm_width], or of keys

  __device__ explicit HeadPlaces(const HeadArguments& arguments) {
    queries = reinterpret_cast<float*>(dynamic_shared());
    keys = queries + arguments.query_width;
    values = keys + arguments.kv_width;
    factors = values + arguments.kv_width;
  }
};

// Calls visit(i) for i below count, shared among the block's threads.
template <typename Visit>
__device__ void for_each(int32_t count, Visit visit) {
#pragma unroll 4
  for (auto i = static_cast<int32_t>(threadIdx.x); i < count; i += kThreads) visit(i);
}

__device__ void load_row(const HeadRows& rows, int64_t token, int32_t width, float* to) {
  const float* from = rows.rows + token * width;
  if (rows.bias == nullptr) {
    for_each(width, [&](int32_t i) { to[i] = from[i]; });
  } else {
    for_each(width, [&](int32_t i) { to[i] = from[i] + rows.bias[i]; });
  }
}

// Norms a token's heads in place; half a warp sums one norm. All threads come here.
__device__ void normalize(const HeadRows& rows, float epsilon, int32_t width, float* row,
                          float* factors) {
  if (rows.norm == nullptr) return;
  const auto norm_width = static_cast<int32_t>(rows.norm_width);
  const int32_t norms = width / norm_width;
  for (int32_t first = 0; first < norms; first += kHalfWarps) {
    const int32_t norm = first + static_cast<int32_t>(threadIdx.x) / kSumLanes;
    const float squares = sum_of_squares(row + (norm < norms ? norm : 0) * norm_width, norm_width);
    if (norm < norms && threadIdx.x % kSumLanes == 0) {
      factors[norm] = inverse_root(squares / static_cast<float>(norm_width), epsilon);
    }
  }
  sync_block();
  for_each(width, [&](int32_t i) {
    row[i] = (row[i] * factors[i / norm_width]) * rows.norm[i % norm_width];
  });
  sync_block();
}

// Turns the pairs of a token's heads, [width / head_dim, head_dim].
__device__ void rotate(const HeadFinish& heads, const RopePair* pairs, int32_t width, float* row) {
  const int32_t head_dim = heads.kv.head_dim;
  const int32_t half = heads.rope_dimension / 2;
  for_each(width / head_dim * half, [&](int32_t i) {
    const int32_t j = i % half;
    float* head = row + i / half * head_dim;
    const bool adjacent = heads.rope_layout == RopeLayout::kAdjacent;
    float& first = head[adjacent ? 2 * j : j];
    float& second = head[adjacent ? 2 * j + 1 : j + half];
    const float a = first;
    const float b = second;
    const RopePair pair = pairs[j];
    first = fused(a, pair.cosine, -(b * pair.sine));
    second = fused(a, pair.sine, b * pair.cosine);
  });
}

// Where a position's elements stand in a part: the first, and the next after one.
struct ElementPlace {
  int32_t first;
  int32_t step;
};

__device__ inline ElementPlace element_place(KvSide side, int32_t offset, int32_t head_dim) {
  if (side == KvSide::kKeys) return {offset, kKvBlockPositions};
  return {offset * head_dim, 1};
}

// One position of one head as codes, which a warp makes.
__device__ void write_codes(const float* x, std::byte* part, ElementPlace place, int32_t offset,
                            int32_t head_dim) {
  const int32_t lane = static_cast<int32_t>(threadIdx.x) % kWarpSize;
  uint32_t largest = 0;
  for (int32_t d = lane; d < head_dim; d += kWarpSize) {
    const uint32_t magnitude = bits_of(x[d]) & 0x7fffffffu;
    largest = magnitude > largest ? magnitude : largest;
  }
  const quantized::CodeScale scale =
      quantized::code_scale(quantized::largest_of_lanes(largest, kWarpSize));
  auto* codes = reinterpret_cast<uint8_t*>(part + KvElements<KvType::kInt8>::kHeaderBytes);
  for (int32_t d = lane; d < head_dim; d += kWarpSize) {
    // Adding 1.5 * 2^23 leaves the integer, rounded half to even, in the low bits.
    const uint32_t shifted = bits_of(x[d] * scale.inverse + 0x1.8p23f);
    codes[place.first + d * place.step] =
        static_cast<uint8_t>(scale.inverse == 0.0f ? 0u : shifted);
  }
  if (lane == 0) reinterpret_cast<float*>(part)[offset] = scale.scale;
}

// Writes a token's keys or values, [kv_heads, head_dim].
__device__ void write_kv(const KvLayer& kv, int64_t slot, KvSide side, const float* row) {
  const int64_t block = slot / kKvBlockPositions;
  const auto offset = static_cast<int32_t>(slot % kKvBlockPositions);
  const ElementPlace place = element_place(side, offset, kv.head_dim);
  const auto part = [&](int32_t head) {
    return kv.data +
           ((block * 2 + static_cast<int64_t>(side)) * kv.kv_heads + head) * kv.part_bytes;
  };
  if (kv.type == KvType::kInt8) {
    for (auto head = static_cast<int32_t>(threadIdx.x) / kWarpSize; head < kv.kv_heads;
         head += kThreads / kWarpSize) {
      write_codes(row + head * kv.head_dim, part(head), place, offset, kv.head_dim);
    }
    return;
  }
  for_each(kv.kv_heads * kv.head_dim, [&](int32_t i) {
    std::byte* elements = part(i / kv.head_dim);
    const int32_t at = place.first + i % kv.head_dim * place.step;
    if (kv.type == KvType::kFloat16) {
      reinterpret_cast<uint16_t*>(elements)[at] = narrowed(row[i]);
    } else {
      reinterpret_cast<float*>(elements)[at] = row[i];
    }
  });
}

// A block takes a token.
__global__ void __launch_bounds__(kThreads) finish_heads(HeadArguments arguments) {
  const int64_t token = blockIdx.x;
  if (token >= *arguments.num_rows) return;
  const HeadFinish& heads = arguments.heads;
  const HeadPlaces places(arguments);
  load_row(heads.queries, token, arguments.query_width, places.queries);
  load_row(heads.keys, token, arguments.kv_width, places.keys);
  load_row(heads.values, token, arguments.kv_width, places.values);
  sync_block();
  normalize(heads.queries, heads.norm_epsilon, arguments.query_width, places.queries,
            places.factors);
  normalize(heads.keys, heads.norm_epsilon, arguments.kv_width, places.keys, places.factors);
  if (arguments.rotations != nullptr) {
    const RopePair* pairs = arguments.rotations + token * (heads.rope_dimension / 2);
    rotate(heads, pairs, arguments.query_width, places.queries);
    rotate(heads, pairs, arguments.kv_width, places.keys);
    sync_block();
  }
  float* queries = heads.queries.rows + token * arguments.query_width;
  for_each(arguments.query_width, [&](int32_t i) { queries[i] = places.queries[i]; });
  const int64_t slot = arguments.kv_slots[token];
  write_kv(heads.kv, slot, KvSide::kKeys, places.keys);
  write_kv(heads.kv, slot, KvSide::kValues, places.values);
}

}  // namespace

void launch_finish_heads(const RowLaunch& on, const DeviceStep& step, const HeadFinish& heads,
                         int32_t head_count, int64_t rotation_stride) {
  HeadArguments arguments;
  arguments.num_rows = on.num_rows;
  arguments.kv_slots = step.kv_slots + heads.kv_group * step.kv_slot_stride;
  arguments.heads = heads;
  arguments.rotations = nullptr;
  if (heads.rotation_table != HeadFinish::kWithoutRope) {
    arguments.rotations =
        heads.rotations + heads.rotation_table * rotation_stride * (heads.rope_dimension / 2);
  }
  arguments.query_width = head_count * heads.kv.head_dim;
  arguments.kv_width = heads.kv.kv_heads * heads.kv.head_dim;
  int64_t factors = 0;
  if (heads.queries.norm != nullptr) factors = arguments.query_width / heads.queries.norm_width;
  if (heads.keys.norm != nullptr && arguments.kv_width / heads.keys.norm_width > factors) {
    factors = arguments.kv_width / heads.keys.norm_width;
  }
  const int64_t floats = arguments.query_width + 2 * int64_t{arguments.kv_width} + factors;
  launch(finish_heads,
         {dim3(static_cast<unsigned>(on.max_rows)), dim3(kThreads),
          static_cast<size_t>(floats) * sizeof(float)},
         on.stream, arguments);
}

void launch_copy_block(cudaStream_t stream, const KvLayer& kv, int32_t source, int32_t target) {
  const int64_t bytes = 2 * kv.kv_heads * kv.part_bytes;
  cudaMemcpyAsync(kv.data + target * bytes, kv.data + source * bytes, static_cast<size_t>(bytes),
                  cudaMemcpyDeviceToDevice, stream);
}

}  // namespace sparkllama::cuda
