// Chooses a token from a row of logits, and measures the row.
//
// Everything is computed in double, in a fixed order, from the row's logits and parameters alone.
// Tokens are ordered by logit, highest first, ties by id, lowest first.
#pragma once

#include <cstdint>

#include "base/aligned_array.h"
#include "ops/kernel_table.h"

namespace sparkllama {

// What the logits of a row say, before any parameter.
struct RowMeasure {
  int32_t argmax;      // lowest id of the highest logit; -1 where the logits are not numbers
  double maximum;      // the highest logit; NaN where they are not numbers
  double log_sum_exp;  // of all logits, natural logarithm; NaN where they are not numbers
};

// The logits of a row are not numbers where one is NaN or +infinity, or all are -infinity.
//
// The sum is of float32 exponentials: log_sum_exp is off by at most 2^-23 + (ln vocabulary) *
// 2^-24, for the mean distance to the maximum is at most the distribution's entropy.
RowMeasure measure_row(const KernelTable& kernels, const float* logits, int64_t vocabulary_size);

// Finds the `count` best tokens, best first; -1 and NaN fill what the vocabulary does not. Not for
// rows that are not numbers.
void find_top(const float* logits, int64_t vocabulary_size, int64_t count, int32_t* ids,
              float* top_logits);

struct SamplingParameters {
  float temperature;          // 0 takes the argmax
  int32_t top_k;              // 0 keeps all
  float top_p;                // 1 keeps all
  float min_p;                // 0 keeps all
  const int64_t* random_key;  // [2]
  int32_t position;           // of the token that is drawn
};

struct Sampled {
  int32_t id;
  double log_probability;  // under the distribution sampled from; for temperature 0 under that of
                           // the logits given
};

class Sampler {
 public:
  explicit Sampler(int64_t vocabulary_size);

  int64_t byte_size() const { return tokens_.byte_size(); }

  // Cuts by top-k, then top-p, then min-p, each on the probabilities that the cuts before it leave
  // (at temperature 1; min-p compares with the most probable token), then divides by the
  // temperature and draws. The measure is the row's, and of a row that is numbers.
  Sampled sample(const float* logits, const RowMeasure& measure,
                 const SamplingParameters& parameters);

 private:
  struct Token {
    float logit;
    int32_t id;
  };

  static bool before(const Token& a, const Token& b);
  int64_t cut(const RowMeasure& measure, const SamplingParameters& parameters);
  Sampled draw(int64_t kept, const RowMeasure& measure, const SamplingParameters& parameters);
  void sort_until(int64_t count);

  AlignedArray<Token> tokens_;  // [vocabulary]: the first sorted_ in order, all others after them
  int64_t sorted_ = 0;
};

}  // namespace sparkllama
