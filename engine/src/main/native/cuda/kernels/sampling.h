// Measures rows of logits and samples from them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cuda/device_step.h"
#include "ops/row_sampling.h"

namespace sparkllama::cuda {

// How much of everything a call holds; at the beginning of what it sends to the device.
struct SamplingCounts {
  int32_t rows;
  int32_t candidates;
  int32_t adjustments;
  int32_t tops;
  int32_t kept;
};

// Where the parts of a call lie behind its counts, without gaps, so that one copy carries no more
// than there is.
struct SamplingInputLayout {
  static constexpr int64_t kRows = 64;
  int64_t candidate_ids;
  int64_t adjustment_ids;
  int64_t adjustment_occurrences;
  int64_t adjustment_biases;
  int64_t byte_size;

  explicit constexpr SamplingInputLayout(const SamplingCounts& counts)
      : candidate_ids(kRows + counts.rows * static_cast<int64_t>(sizeof(LogitsRow))),
        adjustment_ids(candidate_ids + 4 * int64_t{counts.candidates}),
        adjustment_occurrences(adjustment_ids + 4 * int64_t{counts.adjustments}),
        adjustment_biases(adjustment_occurrences + 4 * int64_t{counts.adjustments}),
        byte_size(adjustment_biases + 4 * int64_t{counts.adjustments}) {}
};

// Likewise of what comes back: the rows' results first.
struct SamplingOutputLayout {
  int64_t kept;
  int64_t candidate_log_probabilities;
  int64_t top_ids;
  int64_t top_logits;
  int64_t byte_size;

  explicit constexpr SamplingOutputLayout(const SamplingCounts& counts)
      : kept(counts.rows * static_cast<int64_t>(sizeof(RowResult))),
        candidate_log_probabilities(kept + counts.kept * static_cast<int64_t>(sizeof(KeptToken))),
        top_ids(candidate_log_probabilities + 4 * int64_t{counts.candidates}),
        top_logits(top_ids + 4 * int64_t{counts.tops}),
        byte_size(top_logits + 4 * int64_t{counts.tops}) {}
};

struct SamplingTask {
  const std::byte* input;  // as SamplingInputLayout has it
  std::byte* output;       // as SamplingOutputLayout has it
  float* logits;           // [rows, vocabulary_size]
  const uint64_t* masks;   // [masks, mask_words(vocabulary_size)]
  int32_t vocabulary_size;
};

// Shared memory that a vocabulary needs; devices have kMostSharedBytes of it at most.
int64_t sampling_shared_bytes(int64_t vocabulary_size);

void sample_rows(const SamplingTask& task, int32_t max_rows, cudaStream_t stream);

}  // namespace sparkllama::cuda
