#include "sampling/chunk_maxima.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace sparkllama {
namespace {

constexpr float kLowest = -std::numeric_limits<float>::infinity();

// What every instruction set has in a register.
constexpr int64_t kLanes = 4;
using Lanes = float __attribute__((vector_size(kLanes * sizeof(float))));
using Masks = int32_t __attribute__((vector_size(kLanes * sizeof(int32_t))));

}  // namespace

bool chunk_maxima(const float* logits, int64_t vocabulary_size, float* maxima) {
  Masks not_numbers = {};
  for (int64_t first = 0; first < vocabulary_size; first += kMaximaChunk, ++maxima) {
    const int64_t count = std::min(kMaximaChunk, vocabulary_size - first);
    Lanes most[2] = {Lanes{} + kLowest, Lanes{} + kLowest};
    int64_t i = 0;
    for (; i + 2 * kLanes <= count; i += 2 * kLanes) {
      Lanes x[2];
      std::memcpy(x, logits + first + i, sizeof(x));
      for (int half = 0; half < 2; ++half) {
        most[half] = x[half] > most[half] ? x[half] : most[half];
        not_numbers |= x[half] != x[half];
      }
    }
    float highest = kLowest;
    for (int64_t lane = 0; lane < kLanes; ++lane) {
      highest = std::max(highest, std::max(most[0][lane], most[1][lane]));
    }
    for (; i < count; ++i) {
      const float x = logits[first + i];
      highest = x > highest ? x : highest;
      not_numbers[0] |= x != x ? -1 : 0;
    }
    *maxima = highest;
  }
  bool numbers = true;
  for (int64_t lane = 0; lane < kLanes; ++lane) numbers = numbers && not_numbers[lane] == 0;
  return numbers;
}

}  // namespace sparkllama
