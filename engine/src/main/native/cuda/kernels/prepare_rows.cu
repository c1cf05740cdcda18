#include <algorithm>

#include "cuda/kernels/lane_sums.h"
#include "cuda/kernels/prepare_rows.h"
#include "cuda/kernels/row_columns.h"

namespace sparkllama::cuda {
namespace {

constexpr int32_t kMostThreads = 512;

struct RowWork {
  const int32_t* num_rows;
  int64_t columns;
  const int32_t* tokens;  // rows of the residual stream; null for all, as they are
  const float* residual;
  float* sums;         // the residual stream again where something is added to it, else null
  const float* added;  // [num_rows, columns], beside sums
  RowAddition addition;
  bool prepares;
  RowPreparation preparation;
  QuantizedRows out;
};

// Shared memory of a block.
struct RowPlaces {
  float mean;
  float factor;
  float unused[2];  // the row that follows is on a border of 16 bytes

  __device__ float* row() { return reinterpret_cast<float*>(this + 1); }
};

__device__ inline RowPlaces& places() { return *reinterpret_cast<RowPlaces*>(dynamic_shared()); }

// Norms the row in place, of which threads have written their columns.
__device__ void normalize(const RowNorm& norm, int64_t columns) {
  float* row = places().row();
  const auto count = static_cast<int32_t>(columns);
  const bool centers = norm.kind == NormKind::kStandardDeviation;
  sync_block();
  if (threadIdx.x < kWarpSize) {  // both halves compute the same
    float mean = 0.0f;
    float squares;
    if (centers) {
      mean = sum_in_lanes(row, count, [](float sum, float x) { return sum + x; }) /
             static_cast<float>(columns);
      squares = sum_in_lanes(row, count, [mean](float sum, float x) {
        const float centered = x - mean;
        return fused(centered, centered, sum);
      });
    } else {
      squares = sum_of_squares(row, count);
    }
    if (threadIdx.x == 0) {
      places().mean = mean;
      places().factor = inverse_root(squares / static_cast<float>(columns), norm.epsilon);
    }
  }
  sync_block();
  const float factor = places().factor;
  const float mean = places().mean;
  for_columns(
      columns,
      [&](int32_t i) {
        if (!centers) return (row[i] * factor) * norm.weight[i];
        return fused((row[i] - mean) * factor, norm.weight[i], norm.bias[i]);
      },
      [&](int32_t i, float value) { row[i] = value; });
}

// Adds to the residual stream, and leaves its row in shared memory.
__device__ void add_row(const RowWork& work, int64_t index) {
  float* row = places().row();
  const float* added = work.added + index * work.columns;
  float* sums = work.sums + index * work.columns;
  const float* bias = work.addition.bias;
  const auto biased = [&](int32_t i) { return bias == nullptr ? added[i] : added[i] + bias[i]; };
  const auto keep = [&](int32_t i, float value) { sums[i] = row[i] = value; };
  if (work.addition.norm.weight == nullptr) {
    for_columns(work.columns, [&](int32_t i) { return sums[i] + biased(i); }, keep);
    return;
  }
  for_columns(work.columns, biased, [&](int32_t i, float value) { row[i] = value; });
  normalize(work.addition.norm, work.columns);
  for_columns(work.columns, [&](int32_t i) { return sums[i] + row[i]; }, keep);
}

// A block takes a row.
__global__ void __launch_bounds__(kMostThreads, 2) work_rows(RowWork work) {
  const int64_t index = blockIdx.x;
  if (index >= *work.num_rows) return;
  float* row = places().row();
  if (work.sums != nullptr) {
    add_row(work, index);
  } else {
    const int64_t token = work.tokens == nullptr ? index : work.tokens[index];
    const float* from = work.residual + token * work.columns;
    for_columns(
        work.columns, [&](int32_t i) { return from[i]; },
        [&](int32_t i, float value) { row[i] = value; });
  }
  if (!work.prepares) return;
  const RowPreparation& preparation = work.preparation;
  if (preparation.norm.weight != nullptr) {
    normalize(preparation.norm, work.columns);
    float* normed = preparation.normed + index * work.columns;
    for_columns(
        work.columns, [&](int32_t i) { return row[i]; },
        [&](int32_t i, float value) { normed[i] = value; });
  }
  sync_block();
  store_quantized(work.out, preparation.formats, index, row, work.columns);
}

void launch_work(const RowLaunch& on, RowWork work) {
  work.num_rows = on.num_rows;
  const int64_t wanted = (work.columns / 8 + kWarpSize - 1) / kWarpSize * kWarpSize;
  const int64_t threads = std::clamp<int64_t>(wanted, 2 * kWarpSize, kMostThreads);
  launch(work_rows,
         {dim3(static_cast<unsigned>(on.max_rows)), dim3(static_cast<unsigned>(threads)),
          sizeof(RowPlaces) + static_cast<size_t>(work.columns) * sizeof(float)},
         on.stream, work);
}

RowWork work_of(const AddedRows& added) {
  RowWork work = {};
  work.columns = added.columns;
  work.residual = work.sums = added.residual;
  work.added = added.rows;
  work.addition = added.addition;
  return work;
}

}  // namespace

void launch_prepare(const RowLaunch& on, const float* residual, int64_t columns,
                    const RowPreparation& preparation, const QuantizedRows& out) {
  launch_prepare_tokens(on, nullptr, residual, columns, preparation, out);
}

void launch_add(const RowLaunch& on, const AddedRows& added) { launch_work(on, work_of(added)); }

void launch_add_and_prepare(const RowLaunch& on, const AddedRows& added,
                            const RowPreparation& preparation, const QuantizedRows& out) {
  RowWork work = work_of(added);
  work.prepares = true;
  work.preparation = preparation;
  work.out = out;
  launch_work(on, work);
}

void launch_prepare_tokens(const RowLaunch& on, const int32_t* tokens, const float* residual,
                           int64_t columns, const RowPreparation& preparation,
                           const QuantizedRows& out) {
  RowWork work = {};
  work.columns = columns;
  work.tokens = tokens;
  work.residual = residual;
  work.prepares = true;
  work.preparation = preparation;
  work.out = out;
  launch_work(on, work);
}

}  // namespace sparkllama::cuda
