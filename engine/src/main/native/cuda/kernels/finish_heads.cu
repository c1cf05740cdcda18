#include "cuda/kernels/divisor.h"
#include "cuda/kernels/finish_heads.h"
#include "cuda/kernels/kv_elements.h"
#include "cuda/kernels/lane_sums.h"
#include "cuda/kernels/row_columns.h"
#include "cuda/quantized_rows.h"

namespace sparkllama::cuda {
namespace {

constexpr int32_t kThreads = 512;
constexpr int32_t kHalfWarps = kThreads / kSumLanes;

// The norms of a token's queries or keys.
struct HeadNorms {
  int32_t count;  // 0 for none
  Divisor width;
};

struct HeadArguments {
  const int32_t* num_rows;
  const int32_t* kv_slots;  // [num_rows], of the layer's KV group
  HeadFinish heads;
  const RopePair* rotations;  // [num_rows, pairs]
  int32_t pairs;              // of a head that are turned; 0 for none
  Divisor by_pairs;
  Divisor by_head_dim;
  int32_t query_width;
  int32_t kv_width;
  HeadNorms query_norms;
  HeadNorms key_norms;
};

// What a block has in shared memory: a token's rotations and heads, the keys after the queries, and
// what norms multiply by.
struct HeadPlaces {
  float* rotations;      // [pairs, 2]
  float* queries;        // [query_width]
  float* keys;           // [kv_width]
  float* values;         // [kv_width]
  float* query_factors;  // [query_norms.count]
  float* key_factors;    // [key_norms.count]

  __device__ explicit HeadPlaces(const HeadArguments& arguments) {
    rotations = reinterpret_cast<float*>(dynamic_shared());
    queries = rotations + 2 * arguments.pairs;
    keys = queries + arguments.query_width;
    values = keys + arguments.kv_width;
    query_factors = values + arguments.kv_width;
    key_factors = query_factors + arguments.query_norms.count;
  }
  static int64_t bytes(const HeadArguments& arguments) {
    const int64_t floats = 2 * int64_t{arguments.pairs} + arguments.query_width +
                           2 * int64_t{arguments.kv_width} + arguments.query_norms.count +
                           arguments.key_norms.count;
    return floats * static_cast<int64_t>(sizeof(float));
  }
};

// Calls visit(i) for i below count, shared among the block's threads.
template <typename Visit>
__device__ void for_each(int32_t count, Visit visit) {
#pragma unroll 4
  for (auto i = static_cast<int32_t>(threadIdx.x); i < count; i += kThreads) visit(i);
}

// Some columns of a row, kColumns for each thread, on their way into shared memory.
template <int kColumns>
class ColumnBatch {
 public:
  // `bias` is added; null for nothing.
  __device__ ColumnBatch(const float* from, const float* bias, int32_t width, int32_t turn)
      : bias_(bias), width_(width), first_(turn * kStep + static_cast<int32_t>(threadIdx.x)) {
#pragma unroll
    for (int k = 0; k < kColumns; ++k) {
      elements_[k] = column(k) < width ? from[column(k)] : 0.0f;
    }
    if (bias == nullptr) return;
#pragma unroll
    for (int k = 0; k < kColumns; ++k) biases_[k] = column(k) < width ? bias[column(k)] : 0.0f;
  }
  __device__ void store(float* to) const {
#pragma unroll
    for (int k = 0; k < kColumns; ++k) {
      const float element = bias_ == nullptr ? elements_[k] : elements_[k] + biases_[k];
      if (column(k) < width_) to[column(k)] = element;
    }
  }
  // How many turns a row takes.
  __device__ static int32_t turns(int32_t width) { return (width + kStep - 1) / kStep; }

 private:
  static constexpr int32_t kStep = kColumns * kThreads;

  __device__ int32_t column(int k) const { return first_ + k * kThreads; }

  const float* bias_;
  int32_t width_;
  int32_t first_;
  float elements_[kColumns];
  float biases_[kColumns] = {};
};

// Brings the token's rotations and heads. A turn's loads are under way together, and one turn is
// enough for most models.
__device__ void load_token(const HeadArguments& arguments, int64_t token,
                           const HeadPlaces& places) {
  using Queries = ColumnBatch<8>;
  using Others = ColumnBatch<4>;
  using Rotations = ColumnBatch<1>;
  static_assert(sizeof(RopePair) == 2 * sizeof(float));
  const HeadFinish& heads = arguments.heads;
  const int32_t query_width = arguments.query_width;
  const int32_t kv_width = arguments.kv_width;
  const int32_t rotation_width = 2 * arguments.pairs;
  const auto* rotations =
      reinterpret_cast<const float*>(arguments.rotations + token * arguments.pairs);
  int32_t turns = Queries::turns(query_width);
  turns = Others::turns(kv_width) > turns ? Others::turns(kv_width) : turns;
  turns = Rotations::turns(rotation_width) > turns ? Rotations::turns(rotation_width) : turns;
#pragma unroll 1
  for (int32_t turn = 0; turn < turns; ++turn) {
    const Rotations rotation(rotations, nullptr, rotation_width, turn);
    const Queries queries(heads.queries.rows + token * query_width, heads.queries.bias, query_width,
                          turn);
    const Others keys(heads.keys.rows + token * kv_width, heads.keys.bias, kv_width, turn);
    const Others values(heads.values.rows + token * kv_width, heads.values.bias, kv_width, turn);
    queries.store(places.queries);
    keys.store(places.keys);
    values.store(places.values);
    rotation.store(places.rotations);
  }
}

// Finds what the norms of a token's heads multiply by; half a warp sums one. All threads come here.
__device__ void measure(const HeadNorms& norms, float epsilon, const float* row, float* factors) {
  const int32_t width = norms.width.value;
  for (int32_t first = 0; first < norms.count; first += kHalfWarps) {
    const int32_t norm = first + static_cast<int32_t>(threadIdx.x) / kSumLanes;
    const float squares = sum_of_squares(row + (norm < norms.count ? norm : 0) * width, width);
    if (norm < norms.count && threadIdx.x % kSumLanes == 0) {
      factors[norm] = inverse_root(squares / static_cast<float>(width), epsilon);
    }
  }
}

__device__ void multiply(const HeadNorms& norms, const float* weight, const float* factors,
                         float* row) {
  for_columns(
      norms.count * norms.width.value,
      [&](int32_t i) {
        const int32_t norm = norms.width.quotient(i);
        return (row[i] * factors[norm]) * weight[i - norm * norms.width.value];
      },
      [&](int32_t i, float value) { row[i] = value; });
}

// Norms a token's heads in place. All threads come here.
__device__ void normalize(const HeadArguments& arguments, const HeadPlaces& places) {
  if (arguments.query_norms.count + arguments.key_norms.count == 0) return;
  const HeadFinish& heads = arguments.heads;
  measure(arguments.query_norms, heads.norm_epsilon, places.queries, places.query_factors);
  measure(arguments.key_norms, heads.norm_epsilon, places.keys, places.key_factors);
  sync_block();
  multiply(arguments.query_norms, heads.queries.norm, places.query_factors, places.queries);
  multiply(arguments.key_norms, heads.keys.norm, places.key_factors, places.keys);
  sync_block();
}

// Turns the pairs of a token's queries and keys. All threads come here.
__device__ void rotate(const HeadArguments& arguments, const HeadPlaces& places) {
  const int32_t pairs = arguments.pairs;
  if (pairs == 0) return;
  const int32_t head_dim = arguments.by_head_dim.value;
  const int32_t heads =
      arguments.by_head_dim.quotient(arguments.query_width) + arguments.heads.kv.kv_heads;
  const bool adjacent = arguments.heads.rope_layout == RopeLayout::kAdjacent;
  for_each(heads * pairs, [&](int32_t i) {
    const int32_t index = arguments.by_pairs.quotient(i);
    const int32_t j = i - index * pairs;
    float* head = places.queries + index * head_dim;
    float& first = head[adjacent ? 2 * j : j];
    float& second = head[adjacent ? 2 * j + 1 : j + pairs];
    const float a = first;
    const float b = second;
    const float cosine = places.rotations[2 * j];
    const float sine = places.rotations[2 * j + 1];
    first = fused(a, cosine, -(b * sine));
    second = fused(a, sine, b * cosine);
  });
  sync_block();
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
__device__ void write_kv(const HeadArguments& arguments, int64_t slot, KvSide side,
                         const float* row) {
  const KvLayer& kv = arguments.heads.kv;
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
    const int32_t head = arguments.by_head_dim.quotient(i);
    std::byte* elements = part(head);
    const int32_t at = place.first + (i - head * kv.head_dim) * place.step;
    if (kv.type == KvType::kFloat16) {
      reinterpret_cast<uint16_t*>(elements)[at] = narrowed(row[i]);
    } else {
      reinterpret_cast<float*>(elements)[at] = row[i];
    }
  });
}

// A block takes a token.
__global__ void __launch_bounds__(kThreads, 2) finish_heads(HeadArguments arguments) {
  const int64_t token = blockIdx.x;
  if (token >= *arguments.num_rows) return;
  const int64_t slot = arguments.kv_slots[token];
  const HeadPlaces places(arguments);
  load_token(arguments, token, places);
  sync_block();
  normalize(arguments, places);
  rotate(arguments, places);
  float* queries = arguments.heads.queries.rows + token * arguments.query_width;
  for_columns(
      arguments.query_width, [&](int32_t i) { return places.queries[i]; },
      [&](int32_t i, float value) { queries[i] = value; });
  write_kv(arguments, slot, KvSide::kKeys, places.keys);
  write_kv(arguments, slot, KvSide::kValues, places.values);
}

HeadNorms norms_of(const HeadRows& rows, int64_t width) {
  if (rows.norm == nullptr) return {0, {}};
  return {static_cast<int32_t>(width / rows.norm_width), divisor_of(rows.norm_width)};
}

}  // namespace

void launch_finish_heads(const RowLaunch& on, const DeviceStep& step, const HeadFinish& heads,
                         int32_t head_count, int64_t rotation_stride) {
  HeadArguments arguments = {};
  arguments.num_rows = on.num_rows;
  arguments.kv_slots = step.kv_slots + heads.kv_group * step.kv_slot_stride;
  arguments.heads = heads;
  if (heads.rotation_table != HeadFinish::kWithoutRope) {
    arguments.pairs = heads.rope_dimension / 2;
    arguments.by_pairs = divisor_of(arguments.pairs);
    arguments.rotations =
        heads.rotations + heads.rotation_table * rotation_stride * arguments.pairs;
  }
  arguments.by_head_dim = divisor_of(heads.kv.head_dim);
  arguments.query_width = head_count * heads.kv.head_dim;
  arguments.kv_width = heads.kv.kv_heads * heads.kv.head_dim;
  arguments.query_norms = norms_of(heads.queries, arguments.query_width);
  arguments.key_norms = norms_of(heads.keys, arguments.kv_width);
  launch(finish_heads,
         {dim3(static_cast<unsigned>(on.max_rows)), dim3(kThreads),
          static_cast<size_t>(HeadPlaces::bytes(arguments))},
         on.stream, arguments);
}

void launch_copy_block(cudaStream_t stream, const KvLayer& kv, int32_t source, int32_t target) {
  const int64_t bytes = 2 * kv.kv_heads * kv.part_bytes;
  cudaMemcpyAsync(kv.data + target * bytes, kv.data + source * bytes, static_cast<size_t>(bytes),
                  cudaMemcpyDeviceToDevice, stream);
}

}  // namespace sparkllama::cuda
