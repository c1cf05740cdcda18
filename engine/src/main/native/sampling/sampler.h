// Chooses a token from a row of logits, and measures the row.
//
// Everything is computed in a fixed order, from the row's logits and parameters alone, so that a
// row's token is the same bits with every instruction set. Tokens are ordered by logit, highest
// first, ties by id, lowest first.
#pragma once

#include <cstdint>
#include <optional>

#include "base/aligned_array.h"
#include "ops/kernel_table.h"
#include "ops/row_sampling.h"

namespace sparkllama {

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

// Costs a pass over the row where the parameters cut nothing, else a pass over the chunks' maxima
// and work on those tokens that may be kept; only what is kept is put in order.
class Sampler {
 public:
  Sampler(const KernelTable& kernels, int64_t vocabulary_size);

  int64_t byte_size() const {
    return tokens_.byte_size() + maxima_.byte_size() + ranked_.byte_size() + sums_.byte_size();
  }

  // Measures a row, and keeps what it finds for `sample` of the same row.
  RowMeasure measure(const float* logits);

  // Cuts by top-k, then top-p, then min-p, each on the probabilities that the cuts before it leave
  // (at temperature 1; min-p compares with the most probable token), then divides by the
  // temperature and draws: from the tokens in order where they were cut, else in order of id. The
  // measure is that of the row measured last, and of one that is numbers.
  Sampled sample(const float* logits, const RowMeasure& measure,
                 const SamplingParameters& parameters);

  // The same of a row that the parameters cut, from its best tokens alone; nothing where others may
  // be kept, too.
  std::optional<Sampled> sample_kept(const KeptTokens& kept, const RowMeasure& measure,
                                     const SamplingParameters& parameters);

 private:
  using Token = KeptToken;

  static bool before(const Token& a, const Token& b);
  bool cuts_to_top_k(const SamplingParameters& parameters) const {
    return parameters.top_k > 0 && parameters.top_k < vocabulary_size_;
  }
  int64_t kept_of_top_k(const RowMeasure& measure, const SamplingParameters& parameters);
  Sampled draw_any(const float* logits, const RowMeasure& measure,
                   const SamplingParameters& parameters);
  Sampled draw_cut(int64_t kept, const RowMeasure& measure, const SamplingParameters& parameters);
  int64_t cut_to_top_k(const float* logits, const RowMeasure& measure,
                       const SamplingParameters& parameters);
  int64_t cut_by_probability(const float* logits, const RowMeasure& measure,
                             const SamplingParameters& parameters);
  int64_t kept_of(int64_t most, double wanted, double maximum, float min_p);
  float threshold_of_best(int64_t count);
  void collect(const float* logits, float least);
  void sort_until(int64_t count);

  const KernelTable& kernels_;
  int64_t vocabulary_size_;
  AlignedArray<Token> tokens_;  // [vocabulary]: the first sorted_ in order, then others that may be
                                // kept, up to collected_
  AlignedArray<float> maxima_;  // [maxima_chunks], of the row measured last
  AlignedArray<float> ranked_;  // [maxima_chunks]
  AlignedArray<double> sums_;   // [sum blocks]
  int64_t collected_ = 0;
  int64_t sorted_ = 0;
};

}  // namespace sparkllama
