#include "sampling/token_mask.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace sparkllama {
namespace {

constexpr float kImpossible = -std::numeric_limits<float>::infinity();

// Up to so many allowed tokens of a word, writing all and putting these back is less work than
// writing the others one by one.
constexpr int kFew = kMaskWordTokens / 2;

// Calls with the index of each bit that is set, lowest first.
template <typename Take>
void for_each_bit(uint64_t bits, Take take) {
  for (; bits != 0; bits &= bits - 1) take(std::countr_zero(bits));
}

void keep_few(uint64_t allowed, int64_t count, float* logits) {
  float kept[kFew];
  int next = 0;
  for_each_bit(allowed, [&](int i) { kept[next++] = logits[i]; });
  std::fill_n(logits, count, kImpossible);
  next = 0;
  for_each_bit(allowed, [&](int i) { logits[i] = kept[next++]; });
}

}  // namespace

void mask_logits(const uint64_t* mask, int64_t vocabulary_size, float* logits) {
  for (int64_t first = 0; first < vocabulary_size; first += kMaskWordTokens, ++mask) {
    const int64_t count = std::min(kMaskWordTokens, vocabulary_size - first);
    const uint64_t all = ~uint64_t{0} >> (kMaskWordTokens - count);
    const uint64_t allowed = *mask & all;
    if (std::popcount(allowed) <= kFew) {
      keep_few(allowed, count, logits + first);
    } else {
      for_each_bit(all & ~allowed, [&](int i) { logits[first + i] = kImpossible; });
    }
  }
}

}  // namespace sparkllama
