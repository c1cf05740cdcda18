#include "runner/host_row_finisher.h"

#include <algorithm>
#include <limits>
#include <string>

#include "base/error.h"
#include "runner/row_parameters.h"
#include "sampling/logit_adjustment.h"
#include "sampling/token_mask.h"

namespace sparkllama {
namespace {

using Section = BatchSection;

constexpr float kNotANumber = std::numeric_limits<float>::quiet_NaN();
constexpr int64_t kLogitCost = 64;  // of measuring, per element, in integer multiply-adds

}  // namespace

HostRowFinisher::HostRowFinisher(const KernelTable& kernels, ThreadPool& pool,
                                 int64_t vocabulary_size, int64_t masks)
    : pool_(pool), vocabulary_size_(vocabulary_size), masks_(masks, vocabulary_size) {
  samplers_.reserve(pool.size());
  for (int thread = 0; thread < pool.size(); ++thread) {
    samplers_.emplace_back(kernels, vocabulary_size);
  }
}

int64_t HostRowFinisher::byte_size() const {
  int64_t bytes = masks_.byte_size();
  for (const Sampler& sampler : samplers_) bytes += sampler.byte_size();
  return bytes;
}

void HostRowFinisher::put_mask(int64_t id, std::span<const uint64_t> words) {
  if (static_cast<int64_t>(words.size()) != masks_.words_per_mask()) {
    throw EngineError("A token mask is of another vocabulary: " + std::to_string(words.size()) +
                      " words, expected " + std::to_string(masks_.words_per_mask()));
  }
  std::copy(words.begin(), words.end(), masks_.place(id));
}

void HostRowFinisher::finish(const BatchView& batch, int64_t first, int64_t count, float* logits,
                             StepStatus& status) {
  pool_.run(count * vocabulary_size_ * kLogitCost, [&](int thread, int threads) {
    for (int64_t i = thread; i < count; i += threads) {
      status.begin_row(thread, first + i);
      finish_row(batch, first + i, logits + i * vocabulary_size_, samplers_[thread]);
      status.end_row(thread);
    }
  });
}

void HostRowFinisher::finish_row(const BatchView& batch, int64_t row, float* logits,
                                 Sampler& sampler) {
  const RowMeasure measure = sampler.measure(logits);
  const bool numbers = measure.argmax >= 0;
  batch.integers(Section::kResultArgmax)[row] = measure.argmax;
  batch.floats(Section::kResultLogSumExp)[row] = static_cast<float>(measure.log_sum_exp);

  const int64_t first = batch.integers(Section::kLogitsFirstCandidate)[row];
  for (int64_t i = 0; i < batch.integers(Section::kLogitsCandidateCount)[row]; ++i) {
    const int32_t id = batch.integers(Section::kCandidateId)[first + i];
    // Not a number where the row is none: the measure is not then.
    batch.floats(Section::kResultCandidateLogProbability)[first + i] =
        static_cast<float>(logits[id] - measure.log_sum_exp);
  }
  write_top(batch, row, logits, numbers);

  Sampled sampled = {-1, kNotANumber};
  if (numbers && is_sampled(batch, row)) {
    sampled = sample_row(batch, row, measure, logits, sampler);
  }
  batch.integers(Section::kResultToken)[row] = sampled.id;
  batch.floats(Section::kResultLogProbability)[row] = static_cast<float>(sampled.log_probability);
}

// Adjusts and masks the logits in place: nothing reads the model's own after this.
Sampled HostRowFinisher::sample_row(const BatchView& batch, int64_t row, RowMeasure measure,
                                    float* logits, Sampler& sampler) {
  const int32_t s = sequence_of_row(batch, row);
  const int64_t first = batch.integers(Section::kLogitsFirstAdjustment)[row];
  const int64_t count = batch.integers(Section::kLogitsAdjustmentCount)[row];
  if (count > 0) {
    const Adjustments adjustments = {batch.integers(Section::kAdjustmentId) + first,
                                     batch.integers(Section::kAdjustmentOccurrences) + first,
                                     batch.floats(Section::kAdjustmentBias) + first, count};
    const Penalties penalties = {batch.floats(Section::kSequenceRepetitionPenalty)[s],
                                 batch.floats(Section::kSequencePresencePenalty)[s],
                                 batch.floats(Section::kSequenceFrequencyPenalty)[s]};
    adjust_logits(adjustments, penalties, logits);
  }
  const int32_t mask = batch.integers(Section::kSequenceMask)[s];
  if (mask >= 0) {
    mask_logits(masks_.mask(mask), vocabulary_size_, logits);
  }
  if (count > 0 || mask >= 0) {
    measure = sampler.measure(logits);
    if (measure.argmax < 0) {
      return {-1, kNotANumber};
    }
  }
  return sampler.sample(logits, measure, sampling_parameters(batch, row));
}

void HostRowFinisher::write_top(const BatchView& batch, int64_t row, const float* logits,
                                bool numbers) {
  const int64_t room = batch.capacity().top_tokens;
  const int64_t count = batch.integers(Section::kLogitsTopCount)[row];
  int32_t* ids = batch.integers(Section::kResultTopId) + row * room;
  float* top_logits = batch.floats(Section::kResultTopLogit) + row * room;
  if (numbers) {
    find_top(logits, vocabulary_size_, count, ids, top_logits);
  } else {
    std::fill(ids, ids + count, -1);
    std::fill(top_logits, top_logits + count, kNotANumber);
  }
}

}  // namespace sparkllama
