// Measures a row of logits as Sampler::measure does, with all threads of a block. Device code.
#pragma once

#include <cstdint>
#include <limits>

#include "base/portable_math.h"
#include "cuda/kernels/row_block.h"
#include "ops/row_sampling.h"

namespace sparkllama::cuda {

// Elements of a tile for each producer: as many loads are under way while a tile is computed. Two
// tiles of float64 leave room for two blocks on a multiprocessor, as the registers do.
constexpr int kTileElements = 8;
constexpr int kTile = kTileElements * kRowProducers;
constexpr int kSumLanes = 16;
constexpr int kMeasureBytes = 2 * kTile * static_cast<int>(sizeof(double));

// Returns the rank of the highest logit, kNotANumberRank where one is NaN. With a mask, sets the
// logits that it does not allow to -infinity first.
__device__ inline uint64_t scan_row(float* logits, int32_t vocabulary_size, const uint64_t* mask) {
  constexpr int kUnroll = 8;
  constexpr float kImpossible = -std::numeric_limits<float>::infinity();
  float highest = kImpossible;
  int32_t id = 0;
  bool numbers = true;
  for (int32_t first = 0; first < vocabulary_size; first += kUnroll * kRowThreads) {
    float x[kUnroll];
    for (int j = 0; j < kUnroll; ++j) {
      const int32_t i = first + j * kRowThreads + row_thread();
      x[j] = i < vocabulary_size ? logits[i] : kImpossible;
    }
    for (int j = 0; j < kUnroll; ++j) {
      const int32_t i = first + j * kRowThreads + row_thread();
      if (mask != nullptr && i < vocabulary_size) {
        const uint64_t word = mask[i / kMaskWordTokens];
        if (((word >> (i % kMaskWordTokens)) & 1) == 0) logits[i] = x[j] = kImpossible;
      }
      numbers = numbers && x[j] == x[j];
      if (x[j] > highest) {
        highest = x[j];
        id = i;
      }
    }
  }
  return highest_of_row(numbers ? rank_of(highest, id) : kNotANumberRank);
}

// As exponential(), of no more than 0 and no NaN.
__device__ inline float weight_of(float x) {
  return portable::exponential_in_range(x > -104.0f ? x : -104.0f);
}

// Adds a tile to a lane's chain; what comes next is loaded while this is added.
__device__ inline double add_tile(const double* tile, int lane, double sum) {
  constexpr int kGroup = 8;
  constexpr int kGroups = kTile / kSumLanes / kGroup;
  double now[kGroup], next[kGroup];
  for (int j = 0; j < kGroup; ++j) now[j] = tile[j * kSumLanes + lane];
  for (int group = 1; group < kGroups; ++group) {
    for (int j = 0; j < kGroup; ++j) next[j] = tile[(group * kGroup + j) * kSumLanes + lane];
    for (int j = 0; j < kGroup; ++j) sum += now[j];
    for (int j = 0; j < kGroup; ++j) now[j] = next[j];
  }
  for (int j = 0; j < kGroup; ++j) sum += now[j];
  return sum;
}

__device__ inline void load_tile(const float* logits, int32_t vocabulary_size, int32_t first,
                                 float (&x)[kTileElements]) {
  for (int j = 0; j < kTileElements; ++j) {
    const int32_t i = first + j * kRowProducers + row_thread();
    x[j] = i < vocabulary_size ? logits[i] : -std::numeric_limits<float>::infinity();
  }
}

// As KernelTable::sum_exponentials, for a row that is numbers and its maximum. The chains of 16
// lanes of one warp are what takes the time: the others keep a tile ahead of it. Beyond the row the
// tile has exponentials of -infinity: zeros, which change no sum.
__device__ inline double sum_exponentials(const float* logits, float shift,
                                          int32_t vocabulary_size) {
  auto* tiles = row_work<double>();
  const bool adds = row_thread() >= kRowProducers;
  const int32_t count = (vocabulary_size + kTile - 1) / kTile;
  float x[kTileElements];
  double sum = 0;
  if (!adds) load_tile(logits, vocabulary_size, 0, x);
  for (int32_t t = 0; t <= count; ++t) {
    if (adds) {
      if (t > 0 && row_lane() < kSumLanes) {
        sum = add_tile(tiles + (t - 1) % 2 * kTile, row_lane(), sum);
      }
    } else if (t < count) {
      float next[kTileElements];
      load_tile(logits, vocabulary_size, (t + 1) * kTile, next);
      for (int j = 0; j < kTileElements; ++j) {
        tiles[t % 2 * kTile + j * kRowProducers + row_thread()] = weight_of(x[j] - shift);
        x[j] = next[j];
      }
    }
    sync_block();
  }
  if (adds) {
    sum = sum_of_half_warp(sum);
    if (row_lane() == 0) row_scratch().sum = sum;
  }
  sync_block();
  return row_scratch().sum;
}

// With a mask, the row is masked first.
__device__ inline RowMeasure measure_row(float* logits, int32_t vocabulary_size,
                                         const uint64_t* mask) {
  constexpr RowMeasure kNoNumbers = {-1, portable::kNan, portable::kNan};
  const uint64_t rank = scan_row(logits, vocabulary_size, mask);
  if (rank == kNotANumberRank) return kNoNumbers;
  const int32_t argmax = index_of(rank);
  const float highest = logits[argmax];
  if (highest - highest != 0) return kNoNumbers;  // infinite
  const double sum = sum_exponentials(logits, highest, vocabulary_size);
  return {argmax, highest, highest + portable::logarithm(sum)};
}

}  // namespace sparkllama::cuda
