// Declares how rows of logits that lie on a device are measured and sampled from there, so that
// they need not come to the processor.
//
// Bits are those of Sampler (sampling/sampler.h), adjust_logits and mask_logits, whose comments
// state the order of arithmetic.
#pragma once

#include <cstdint>

namespace sparkllama {

// Tokens of a mask's word: the lowest bit is that of the lowest id.
constexpr int64_t kMaskWordTokens = 64;

constexpr int64_t mask_words(int64_t vocabulary_size) {
  return (vocabulary_size + kMaskWordTokens - 1) / kMaskWordTokens;
}

// Tokens whose weights are summed at once where nothing is cut: the draw finds its block among the
// sums, and walks that alone.
constexpr int64_t kSumBlock = 1024;

// What the logits of a row say, before any parameter. They are not numbers where one is NaN or
// +infinity, or all are -infinity.
//
// The sum is of float32 exponentials: log_sum_exp is off by at most 2^-23 + (ln vocabulary) *
// 2^-24, for the mean distance to the maximum is at most the distribution's entropy.
struct RowMeasure {
  int32_t argmax;      // lowest id of the highest logit; -1 where the logits are not numbers
  double maximum;      // the highest logit; NaN where they are not numbers
  double log_sum_exp;  // of all logits, natural logarithm; NaN where they are not numbers
};

// What is wanted of one row. Ranges are of the arrays of a SamplingInput.
struct LogitsRow {
  int64_t random_key[2];
  int32_t position;  // of the token that is drawn
  int32_t sampled;   // 0: measured, with candidates and top tokens, and no more
  float temperature;
  int32_t top_k;
  float top_p;
  float min_p;
  float repetition;  // penalties, as Penalties has them
  float presence;
  float frequency;
  int32_t mask;  // of the pool; -1 for none
  int32_t first_adjustment;
  int32_t adjustment_count;
  int32_t first_candidate;
  int32_t candidate_count;
  int32_t first_top;  // where its top tokens go: ranges of rows do not meet
  int32_t top_count;
  int32_t first_kept;  // likewise its best tokens, where it is cut
  int32_t kept_room;   // kMostKept, or 0 where they are not wanted
};

// Whether the parameters leave tokens out of the draw.
constexpr bool is_cut(const LogitsRow& row, int64_t vocabulary_size) {
  return row.temperature != 0 &&
         ((row.top_k > 0 && row.top_k < vocabulary_size) || row.top_p < 1 || row.min_p > 0);
}

// Best tokens of a row that a device hands out at most: those that are no worse than the best of
// so many chunks of 64 tokens, or of top-k chunks; all where there is room. What is kept is nearly
// always among them.
constexpr int32_t kMostKept = 1024;
constexpr int32_t kKeptChunks = 256;

struct KeptToken {
  float logit;
  int32_t id;
};

// The best tokens of a row, in any order; those that are impossible are left out.
struct KeptTokens {
  const KeptToken* tokens;  // [count]
  int64_t count;
  bool all;  // no other is possible
};

// Ids are in the vocabulary, masks in the pool, ranges in their arrays: the caller has checked.
struct SamplingInput {
  const LogitsRow* rows;
  int64_t num_rows;  // at least 1
  const int32_t* candidate_ids;
  int64_t num_candidates;
  const int32_t* adjustment_ids;  // [num_adjustments], each once in a row
  const int32_t* adjustment_occurrences;
  const float* adjustment_biases;
  int64_t num_adjustments;
  int64_t num_tops;
  int64_t num_kept;
};

enum class RowState : int32_t {
  kMeasured,  // not to be sampled, or its logits, the model's or the adjusted ones, are no numbers
  kSampled,
  kPrepared,   // its logits are adjusted and masked; the processor cuts and draws
  kCollected,  // likewise, and may draw from its best tokens, if they are enough
};

struct RowResult {
  RowMeasure own;           // of the model's logits
  RowMeasure sampled_from;  // of the adjusted and masked ones, where the row is not kMeasured
  double log_probability;   // of the token; NaN where there is none
  int32_t token;            // -1 where there is none
  RowState state;
  int32_t kept_count;  // best tokens, where it is kCollected
  int32_t kept_all;    // 1 where no other token is possible
};

struct SamplingOutput {
  const RowResult* rows;                     // [num_rows]
  const float* candidate_log_probabilities;  // [num_candidates]; those no row has are in any state
  const int32_t* top_ids;                    // [num_tops], as find_top gives them
  const float* top_logits;                   // [num_tops]
  const KeptToken* kept;                     // [num_kept]
};

// The most of everything that one call may hold, and the pool of masks.
struct RowSamplingCapacity {
  int64_t vocabulary_size;
  int64_t masks;
  int64_t rows;
  int64_t candidates;
  int64_t adjustments;
  int64_t tops;
  int64_t kept;
};

// Calls are enqueued where the backend's operations are, and throw nothing. One caller at a time.
class RowSampling {
 public:
  virtual ~RowSampling() = default;

  // What it has taken, on the device and beside it.
  virtual int64_t byte_size() const = 0;

  // Puts a mask into the pool; the words are read before this returns.
  virtual void put_mask(int64_t id, const uint64_t* words) = 0;  // [mask_words(vocabulary_size)]

  // Measures rows and samples from them; rows that are sampled are left adjusted and masked. The
  // input is read before this returns. Not before the backend has finished the call before.
  virtual void sample(const SamplingInput& input,
                      float* logits) = 0;  // [num_rows, vocabulary_size], of the device

  // Of the last call: there once the backend's finish() or read() has returned after it, and if
  // finish() tells of no failure. Until the next call.
  virtual SamplingOutput output() const = 0;
};

}  // namespace sparkllama
