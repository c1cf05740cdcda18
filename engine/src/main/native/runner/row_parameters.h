// Reads what a batch asks of a row of logits.
#pragma once

#include <cstdint>

#include "runner/batch_view.h"
#include "sampling/sampler.h"

namespace sparkllama {

// Of the bits in kLogitsFlags.
constexpr int32_t kSampleFlag = 1;

inline bool is_sampled(const BatchView& batch, int64_t row) {
  return (batch.integers(BatchSection::kLogitsFlags)[row] & kSampleFlag) != 0;
}

// The sequence that a row's token belongs to.
inline int32_t sequence_of_row(const BatchView& batch, int64_t row) {
  return batch.integers(
      BatchSection::kTokenSequence)[batch.integers(BatchSection::kLogitsToken)[row]];
}

inline SamplingParameters sampling_parameters(const BatchView& batch, int64_t row) {
  const int32_t token = batch.integers(BatchSection::kLogitsToken)[row];
  const int32_t s = batch.integers(BatchSection::kTokenSequence)[token];
  return {batch.floats(BatchSection::kSequenceTemperature)[s],
          batch.integers(BatchSection::kSequenceTopK)[s],
          batch.floats(BatchSection::kSequenceTopP)[s],
          batch.floats(BatchSection::kSequenceMinP)[s],
          batch.longs(BatchSection::kSequenceRandomKey) + 2 * s,
          batch.integers(BatchSection::kTokenPosition)[token] + 1};
}

}  // namespace sparkllama
