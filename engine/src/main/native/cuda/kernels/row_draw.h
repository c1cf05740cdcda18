// Draws from all tokens of a row as Sampler does where nothing is cut, with all threads of a block.
// Device code.
#pragma once

#include <cstdint>
#include <limits>

#include "base/portable_math.h"
#include "base/portable_philox.h"
#include "cuda/kernels/row_block.h"
#include "ops/row_sampling.h"

namespace sparkllama::cuda {

struct DrawnToken {
  int32_t id;
  double log_probability;
};

struct RowWeights {
  const float* logits;
  int32_t vocabulary_size;
  float maximum;
  float temperature;

  // Tokens of a block, none beyond the last.
  __device__ int32_t count(int32_t block) const {
    const int32_t left = vocabulary_size - block * static_cast<int32_t>(kSumBlock);
    return left < kSumBlock ? left : static_cast<int32_t>(kSumBlock);
  }
  __device__ float weight(int32_t block, int32_t i) const {
    // The difference first: what counts is near the maximum, and there it is nearly exact.
    const float x = logits[block * static_cast<int32_t>(kSumBlock) + i];
    return portable::exponential((x - maximum) / temperature);
  }
};

constexpr int32_t sum_blocks(int32_t vocabulary_size) {
  return static_cast<int32_t>((vocabulary_size + kSumBlock - 1) / kSumBlock);
}

// Bytes of work: the sums of blocks and those before and with each, then those of a block's tokens.
constexpr int64_t draw_bytes(int32_t vocabulary_size) {
  return static_cast<int64_t>(2 * sizeof(double)) * (sum_blocks(vocabulary_size) + kSumBlock);
}

// Half a warp sums a block in its 16 lanes.
__device__ inline void sum_row_blocks(const RowWeights& row, double* sums) {
  const int32_t blocks = sum_blocks(row.vocabulary_size);
  const int32_t half = row_lane() / 16;
  const int32_t lane = row_lane() % 16;
  for (int32_t first = 2 * row_warp(); first < blocks; first += 2 * kRowWarps) {
    const int32_t block = first + half;
    const int32_t count = row.count(block);
    double sum = 0;
    for (int32_t i = lane; i < count; i += 16) sum += row.weight(block, i);
    sum = sum_of_half_warp(sum);
    if (lane == 0 && block < blocks) sums[block] = sum;
  }
}

// Thread 0 adds up in order: through[i] = first + values[0] + ... + values[i]. What counts is the
// latency of the additions: values are read ahead of them.
__device__ inline void add_in_order(const double* values, int32_t count, double first,
                                    double* through) {
  constexpr int kAhead = 4;
  sync_block();
  if (row_thread() == 0) {
    const int32_t whole = count / kAhead * kAhead;
    double sum = first;
    double next[kAhead];
    if (whole > 0) {
#pragma unroll
      for (int k = 0; k < kAhead; ++k) next[k] = values[k];
    }
#pragma unroll 1
    for (int32_t i = 0; i < whole; i += kAhead) {
      double now[kAhead];
#pragma unroll
      for (int k = 0; k < kAhead; ++k) now[k] = next[k];
      if (i + kAhead < whole) {
#pragma unroll
        for (int k = 0; k < kAhead; ++k) next[k] = values[i + kAhead + k];
      }
#pragma unroll
      for (int k = 0; k < kAhead; ++k) {
        sum += now[k];
        through[i + k] = sum;
      }
    }
    for (int32_t i = whole; i < count; ++i) {
      sum += values[i];
      through[i] = sum;
    }
  }
  sync_block();
}

// The measure is that of the row, which is numbers; the temperature is above 0.
__device__ inline DrawnToken draw_any(const float* logits, int32_t vocabulary_size,
                                      const RowMeasure& measure, const LogitsRow& parameters) {
  constexpr float kHottest = std::numeric_limits<float>::max();
  const RowWeights row = {logits, vocabulary_size, static_cast<float>(measure.maximum),
                          kHottest < parameters.temperature ? kHottest : parameters.temperature};
  const int32_t blocks = sum_blocks(vocabulary_size);
  auto* sums = row_work<double>();     // [blocks]
  double* through = sums + blocks;     // [blocks]
  double* weights = through + blocks;  // [kSumBlock]
  double* within = weights + kSumBlock;

  sum_row_blocks(row, sums);
  add_in_order(sums, blocks, 0, through);
  const double total = through[blocks - 1];
  const double wanted = portable::uniform_draw(parameters.random_key, parameters.position) * total;

  // Sums never fall, so the walk over blocks passes each before which the sum is not above.
  uint64_t last = 0;
  for (int32_t block = row_thread(); block < blocks; block += kRowThreads) {
    const double before = block == 0 ? 0 : through[block - 1];
    if (sums[block] > 0 && before <= wanted) last = static_cast<uint64_t>(block);
  }
  const auto drawn = static_cast<int32_t>(highest_of_row(last));

  const int32_t count = row.count(drawn);
  for (int32_t i = row_thread(); i < count; i += kRowThreads) weights[i] = row.weight(drawn, i);
  add_in_order(weights, count, drawn == 0 ? 0 : through[drawn - 1], within);
  uint64_t chosen = 0;
  for (int32_t i = row_thread(); i < count; i += kRowThreads) {
    const bool walked = i == 0 || within[i - 1] <= wanted;
    if (walked && weights[i] > 0) chosen = static_cast<uint64_t>(i);
  }
  const auto id =
      drawn * static_cast<int32_t>(kSumBlock) + static_cast<int32_t>(highest_of_row(chosen));
  return {id,
          (logits[id] - measure.maximum) / double{row.temperature} - portable::logarithm(total)};
}

}  // namespace sparkllama::cuda
