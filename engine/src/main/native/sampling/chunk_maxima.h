// Finds the highest logit of each chunk of a row: what needs only the best tokens need not look at
// all of them.
#pragma once

#include <cstdint>

namespace sparkllama {

// Tokens of a chunk; the last may have fewer.
constexpr int64_t kMaximaChunk = 64;

constexpr int64_t maxima_chunks(int64_t vocabulary_size) {
  return (vocabulary_size + kMaximaChunk - 1) / kMaximaChunk;
}

// Writes each chunk's highest logit, looking past NaN; -infinity where there is no other.
//
// Returns whether no logit is NaN.
bool chunk_maxima(const float* logits, int64_t vocabulary_size,
                  float* maxima);  // [maxima_chunks(vocabulary_size)]

}  // namespace sparkllama
